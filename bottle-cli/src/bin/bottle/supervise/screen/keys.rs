//! What keys do.

use bottle_wire::supervise::{Decision, GrantTime, Proposal};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Mode, Screen, Shown, Step, Verdict};

/// The most characters of a typed reason.
const REASON: usize = 500;
/// The most digits of a typed number of minutes.
const DIGITS: usize = 5;

impl Screen {
    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c' | 'd') => Step::Leave,
                _ => Step::Stay,
            };
        }
        if key.modifiers.contains(KeyModifiers::ALT) {
            return self.after_escape(key.code);
        }
        self.plain(key.code)
    }

    /// Takes Esc and a key that came together: terminals say so too of a key that is held with Alt. Outside of the
    /// list, where a key may answer, nobody knows which of both was meant, and Esc is all that is taken.
    fn after_escape(&mut self, key: KeyCode) -> Step {
        match self.plain(KeyCode::Esc) {
            Step::Stay if self.mode == Mode::List => self.plain(key),
            step => step,
        }
    }

    fn plain(&mut self, key: KeyCode) -> Step {
        match std::mem::take(&mut self.mode) {
            Mode::List => self.in_list(key),
            Mode::Detail(shown) => self.in_detail(shown, key),
            Mode::Minutes(shown, typed) => self.in_minutes(shown, typed, key),
            Mode::Reason(shown, verdict, typed) => self.in_reason(shown, verdict, typed, key),
        }
    }

    fn in_list(&mut self, key: KeyCode) -> Step {
        let last = self.questions().count().saturating_sub(1);
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return Step::Leave,
            KeyCode::Up | KeyCode::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.cursor = (self.cursor + 1).min(last),
            KeyCode::PageUp => self.cursor = self.cursor.saturating_sub(10),
            KeyCode::PageDown => self.cursor = (self.cursor + 10).min(last),
            KeyCode::Enter => {
                let shown = self.questions().nth(self.cursor).map(|(bottle, question)| Shown {
                    bottle: bottle.bottle.clone(),
                    question: question.clone(),
                });
                if let Some(shown) = shown {
                    self.message.clear();
                    self.scroll = 0;
                    self.mode = Mode::Detail(Box::new(shown));
                }
            }
            _ => (),
        }
        Step::Stay
    }

    fn in_detail(&mut self, shown: Box<Shown>, key: KeyCode) -> Step {
        let approve = |time| Decision::Approve {
            time,
            notes: String::new(),
        };
        let is_push = matches!(shown.question.proposal, Proposal::Push(_));
        match key {
            KeyCode::Esc | KeyCode::Char('q') => return Step::Stay,
            // A push is one thing that happens once: it is let through for a reason, or it is not.
            KeyCode::Char('o') if is_push => {
                self.mode = Mode::Reason(shown, Verdict::Approve, String::new());
                return Step::Stay;
            }
            KeyCode::Char('b' | 'e' | 't') if is_push => (),
            KeyCode::Char('o') => return Step::Answer(shown, approve(GrantTime::Once)),
            KeyCode::Char('b') => return Step::Answer(shown, approve(GrantTime::Bottle)),
            KeyCode::Char('e') => return Step::Edit(shown),
            KeyCode::Char('t') => {
                self.mode = Mode::Minutes(shown, String::new());
                return Step::Stay;
            }
            KeyCode::Char('r') => {
                self.mode = Mode::Reason(shown, Verdict::Reject, String::new());
                return Step::Stay;
            }
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::Down => self.scroll = self.scroll.saturating_add(1),
            _ => (),
        }
        self.mode = Mode::Detail(shown);
        Step::Stay
    }

    fn in_minutes(&mut self, shown: Box<Shown>, mut typed: String, key: KeyCode) -> Step {
        match key {
            KeyCode::Esc => {
                self.mode = Mode::Detail(shown);
                return Step::Stay;
            }
            KeyCode::Enter => {
                if let Some(minutes) = typed.parse().ok().filter(|minutes| *minutes > 0) {
                    let time = GrantTime::Minutes(minutes);
                    let notes = String::new();
                    return Step::Answer(shown, Decision::Approve { time, notes });
                }
            }
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char(digit) if digit.is_ascii_digit() && typed.len() < DIGITS => typed.push(digit),
            _ => (),
        }
        self.mode = Mode::Minutes(shown, typed);
        Step::Stay
    }

    fn in_reason(&mut self, shown: Box<Shown>, verdict: Verdict, mut typed: String, key: KeyCode) -> Step {
        match key {
            KeyCode::Esc => {
                self.mode = Mode::Detail(shown);
                return Step::Stay;
            }
            KeyCode::Enter => match verdict {
                Verdict::Reject => return Step::Answer(shown, Decision::Reject { reason: typed }),
                Verdict::Approve if !typed.trim().is_empty() => {
                    let time = GrantTime::Once;
                    return Step::Answer(shown, Decision::Approve { time, notes: typed });
                }
                Verdict::Approve => (),
            },
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char(c) if typed.chars().count() < REASON => typed.push(c),
            _ => (),
        }
        self.mode = Mode::Reason(shown, verdict, typed);
        Step::Stay
    }
}
