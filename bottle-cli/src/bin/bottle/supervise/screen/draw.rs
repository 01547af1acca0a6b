//! The screen as it is drawn. Whatever an agent wrote is escaped before it comes here or is escaped here.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{List, ListItem, ListState, Paragraph, Wrap};

use super::{Mode, Screen, Shown};
use crate::supervise::print::{age, asker, diff, facts, name, rest, words};
use bottle_wire::supervise::{Proposal, Question};

/// The most lines below the list about what is not a question.
const REST: usize = 6;

pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen) {
    let rows = [Constraint::Length(1), Constraint::Min(3), Constraint::Length(2)];
    let [head, body, foot] = Layout::vertical(rows).areas(frame.area());
    let open = screen.questions().count();
    let title = format!("bottle supervise: {open} open, {} bottles", screen.bottles.len());
    frame.render_widget(Paragraph::new(title).style(bold()), head);
    match &screen.mode {
        Mode::List => list(frame, screen, body),
        Mode::Detail(shown) | Mode::Minutes(shown, _) | Mode::Reason(shown, _) => {
            detail(frame, screen, shown, body);
        }
    }
    let lines = vec![
        Line::styled(screen.message.clone(), bold()),
        Line::styled(keys(screen), dim()),
    ];
    frame.render_widget(Paragraph::new(lines), foot);
}

fn list(frame: &mut Frame<'_>, screen: &Screen, area: Rect) {
    let rest = rest_of(screen);
    let below = u16::try_from(rest.len()).unwrap_or(0);
    let [above, below] = Layout::vertical([Constraint::Min(1), Constraint::Length(below)]).areas(area);
    let items: Vec<ListItem<'_>> = screen
        .questions()
        .map(|(bottle, question)| {
            let age = age(question, screen.now);
            ListItem::new(format!(
                "{}/{}  {age}  {}",
                bottle.bottle,
                question.id,
                summary(question)
            ))
        })
        .collect();
    match (items.is_empty(), screen.loaded) {
        (false, _) => {
            let list = List::new(items)
                .highlight_symbol("> ")
                .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
            let mut state = ListState::default().with_selected(Some(screen.cursor));
            frame.render_stateful_widget(list, above, &mut state);
        }
        (true, true) => frame.render_widget(Paragraph::new("nothing waits for you"), above),
        (true, false) => frame.render_widget(Paragraph::new("asking the bottles ..."), above),
    }
    let lines: Vec<Line<'_>> = rest.into_iter().map(|line| Line::styled(line, dim())).collect();
    frame.render_widget(Paragraph::new(lines), below);
}

/// What there is beside questions, one line each; a flood of it is one line too.
fn rest_of(screen: &Screen) -> Vec<String> {
    let mut lines = Vec::new();
    for bottle in &screen.bottles {
        if let Some(inbox) = &bottle.inbox {
            let more = rest(inbox, screen.now);
            lines.extend(more.into_iter().map(|line| format!("{}: {line}", bottle.bottle)));
        }
        if let Some(reason) = &bottle.silent {
            let reason = bottle_util::untrusted::line(reason);
            lines.push(format!("{}: {reason}", bottle.bottle));
        }
    }
    if lines.len() > REST {
        let more = lines.len() - (REST - 1);
        lines.truncate(REST - 1);
        lines.push(format!("and {more} lines more: `bottle supervise --once`"));
    }
    lines
}

/// What is asked, in one line of facts.
fn summary(question: &Question) -> String {
    let Proposal::Routes(change) = &question.proposal;
    let hosts: Vec<String> = diff(change)
        .into_iter()
        .filter(|line| !line.starts_with("+  "))
        .map(|line| line.replace(":443, no credential", ""))
        .collect();
    hosts.join(" ")
}

fn detail(frame: &mut Frame<'_>, screen: &Screen, shown: &Shown, area: Rect) {
    let question = &shown.question;
    let mut lines = Vec::new();
    if let Some(bottle) = screen.of(shown) {
        let asked = format!(
            "asked {} ago by {}",
            age(question, screen.now),
            asker(question.door)
        );
        lines.push(Line::styled(
            format!("{}  {asked}", name(bottle, question)),
            bold(),
        ));
        lines.push(Line::raw(""));
        lines.extend(facts(question, bottle).into_iter().map(Line::raw));
    }
    lines.push(Line::raw(""));
    lines.extend(words(question).into_iter().map(|line| Line::styled(line, dim())));
    if !screen.is_open(shown) {
        lines.insert(0, Line::styled("this question is no longer open", bold()));
    }
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(text.scroll((screen.scroll, 0)), area);
}

fn keys(screen: &Screen) -> String {
    match &screen.mode {
        Mode::List => "Enter look  q leave".to_owned(),
        Mode::Detail(_) => {
            "approve: o once  t for minutes  b for this bottle    e edit  r reject  Esc back".to_owned()
        }
        Mode::Minutes(_, typed) => {
            format!("approve for how many minutes? {typed}_   Enter approve  Esc back")
        }
        Mode::Reason(_, typed) => {
            let typed = bottle_util::untrusted::line(typed);
            format!("reject, because: {typed}_   Enter reject  Esc back")
        }
    }
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
