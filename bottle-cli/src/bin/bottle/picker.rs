//! A list to pick from: type to filter, arrows to move, Enter to take, Esc or Ctrl-C to leave.

use std::io;

use bottle_util::untrusted;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{List, ListItem, ListState, Paragraph};
use ratatui::{Frame, TerminalOptions, Viewport};

/// One thing to pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Its name, which is what is returned.
    pub(crate) name: String,
    /// What it is.
    pub(crate) about: String,
}

/// What is typed and where the cursor is.
#[derive(Debug)]
struct Picker<'a> {
    title: &'a str,
    choices: &'a [Choice],
    filter: String,
    cursor: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Stay,
    Leave,
    Take(usize),
}

/// Lets the user pick one of several; returns its place in the list, or none when they left.
pub(crate) fn pick(title: &str, choices: &[Choice]) -> io::Result<Option<usize>> {
    let rows = u16::try_from(choices.len().min(12)).unwrap_or(12) + 2;
    let viewport = Viewport::Inline(rows);
    let begun = ratatui::try_init_with_options(TerminalOptions { viewport });
    let mut terminal = begun.inspect_err(|_| ratatui::restore())?;
    let mut picker = Picker {
        title,
        choices,
        filter: String::new(),
        cursor: 0,
    };
    let picked = picker.ask(&mut terminal);
    let cleared = terminal.clear();
    // Whatever went wrong, nobody is left with a terminal in raw mode.
    ratatui::try_restore()?;
    cleared?;
    picked
}

impl Picker<'_> {
    fn ask(&mut self, terminal: &mut ratatui::DefaultTerminal) -> io::Result<Option<usize>> {
        loop {
            terminal.draw(|frame| self.draw(frame))?;
            let Event::Key(key) = crossterm::event::read()? else {
                continue;
            };
            match self.key(key) {
                Step::Stay => {}
                Step::Leave => return Ok(None),
                Step::Take(index) => return Ok(Some(index)),
            }
        }
    }

    fn shown(&self) -> Vec<usize> {
        let wanted = self.filter.to_lowercase();
        let fits = |choice: &Choice| choice.name.to_lowercase().contains(&wanted);
        self.choices
            .iter()
            .enumerate()
            .filter(|(_, choice)| fits(choice))
            .map(|(index, _)| index)
            .collect()
    }

    fn key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Step::Leave,
            KeyCode::Char('c' | 'd') if control => return Step::Leave,
            KeyCode::Enter => {
                return self
                    .shown()
                    .get(self.cursor)
                    .map_or(Step::Stay, |index| Step::Take(*index));
            }
            KeyCode::Up => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Down => self.cursor = (self.cursor + 1).min(self.shown().len().saturating_sub(1)),
            KeyCode::Backspace => self.refilter(|filter| {
                filter.pop();
            }),
            KeyCode::Char(c) if !control => self.refilter(|filter| filter.push(c)),
            _ => {}
        }
        Step::Stay
    }

    fn refilter(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.filter);
        self.cursor = 0;
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(frame.area());
        let typed = format!("{} (type to filter, Esc to leave): {}", self.title, self.filter);
        frame.render_widget(Paragraph::new(typed), head);
        let items = self
            .shown()
            .into_iter()
            .filter_map(|index| self.choices.get(index))
            .map(|choice| {
                let dim = Style::new().add_modifier(Modifier::DIM);
                let about = Span::styled(format!("  {}", untrusted::line(&choice.about)), dim);
                ListItem::new(Line::from(vec![Span::raw(untrusted::line(&choice.name)), about]))
            });
        let list = List::new(items)
            .highlight_symbol("> ")
            .highlight_style(Style::new().add_modifier(Modifier::BOLD));
        let mut state = ListState::default().with_selected(Some(self.cursor));
        frame.render_stateful_widget(list, body, &mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn choices() -> Vec<Choice> {
        let choice = |name: &str, about: &str| Choice {
            name: name.to_owned(),
            about: about.to_owned(),
        };
        vec![
            choice("coder", "writes code"),
            choice("reviewer", "reads\u{1b}[2J code"),
            choice("tester", ""),
        ]
    }

    fn press(picker: &mut Picker<'_>, code: KeyCode) -> Step {
        picker.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn typing_filters_and_enter_takes() {
        let choices = choices();
        let mut picker = Picker {
            title: "Agent",
            choices: &choices,
            filter: String::new(),
            cursor: 0,
        };
        for c in "ER".chars() {
            assert_eq!(press(&mut picker, KeyCode::Char(c)), Step::Stay);
        }
        assert_eq!(picker.shown(), [0, 1, 2]);
        assert_eq!(press(&mut picker, KeyCode::Down), Step::Stay);
        assert_eq!(press(&mut picker, KeyCode::Enter), Step::Take(1));
        assert_eq!(press(&mut picker, KeyCode::Char('x')), Step::Stay);
        assert_eq!(
            press(&mut picker, KeyCode::Enter),
            Step::Stay,
            "nothing is left to take"
        );
    }

    #[test]
    fn escape_and_control_c_leave() {
        let choices = choices();
        let mut picker = Picker {
            title: "Agent",
            choices: &choices,
            filter: String::new(),
            cursor: 0,
        };
        assert_eq!(press(&mut picker, KeyCode::Esc), Step::Leave);
        assert_eq!(
            picker.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            Step::Leave
        );
    }

    #[test]
    fn the_list_shows_no_control_sequence() {
        let choices = choices();
        let picker = Picker {
            title: "Agent",
            choices: &choices,
            filter: String::new(),
            cursor: 1,
        };
        let mut terminal = Terminal::new(TestBackend::new(60, 5)).unwrap();
        terminal.draw(|frame| picker.draw(frame)).unwrap();
        insta::assert_snapshot!(terminal.backend());
    }
}
