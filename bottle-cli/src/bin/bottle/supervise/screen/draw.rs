//! The screen as it is drawn. Whatever an agent wrote is escaped before it comes here or is escaped here.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{List, ListItem, ListState, Paragraph};

use super::{Mode, Screen, Shown, Verdict};
use crate::supervise::print::{age, asker, diff, facts, name, push, rest, words};
use bottle_wire::supervise::{Proposal, Question};

/// What begins each line of the agent's own words.
const SAID: &str = "│ ";
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
        Mode::Detail(shown) | Mode::Minutes(shown, _) | Mode::Reason(shown, ..) => {
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
    match &question.proposal {
        Proposal::Routes(change) => {
            let hosts = diff(change)
                .into_iter()
                .filter(|line| !line.starts_with("+  "))
                .map(|line| line.replace(":443, no credential", ""));
            hosts.collect::<Vec<_>>().join(" ")
        }
        Proposal::Push(push) => push::summary(push),
    }
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
    let lines = lines.into_iter().flat_map(|line| folded(line, area.width));
    let text = Paragraph::new(lines.collect::<Vec<_>>());
    frame.render_widget(text.scroll((screen.scroll, 0)), area);
}

/// Breaks a line that is too wide. What goes on below is marked, so that no long text can begin a line of its own and
/// pass for one of ours.
fn folded(line: Line<'static>, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width).max(4);
    if line.width() <= width {
        return vec![line];
    }
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    let more = if text.starts_with(SAID) { SAID } else { "    " };
    let mut rows = vec![String::new()];
    let mut room = width;
    for c in text.chars() {
        let wide = Line::raw(c.to_string()).width();
        if wide > room {
            rows.push(more.to_owned());
            room = width - Line::raw(more).width();
        }
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
        room = room.saturating_sub(wide);
    }
    rows.into_iter()
        .map(|row| Line::styled(row, line.style))
        .collect()
}

fn keys(screen: &Screen) -> String {
    match &screen.mode {
        Mode::List => "Enter look  q leave".to_owned(),
        Mode::Detail(shown) => match &shown.question.proposal {
            Proposal::Routes(_) => {
                "approve: o once  t for minutes  b for this bottle    e edit  r reject  Esc back".to_owned()
            }
            Proposal::Push(_) => "let this push pass: o    r reject    Esc back".to_owned(),
        },
        Mode::Minutes(_, typed) => {
            format!("approve for how many minutes? {typed}_   Enter approve  Esc back")
        }
        Mode::Reason(_, verdict, typed) => {
            let typed = bottle_util::untrusted::line(typed);
            let verdict = match verdict {
                Verdict::Approve => "let it pass",
                Verdict::Reject => "reject",
            };
            format!("{verdict}, because: {typed}_   Enter {verdict}  Esc back")
        }
    }
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
