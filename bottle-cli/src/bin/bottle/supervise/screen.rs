//! The full-screen inbox: what is shown, what keys do, and what follows from them.

mod draw;
mod edit;
mod keys;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bottle_cli::inbox::{BottleInbox, answer, inboxes, permanent, recorded};
use bottle_cli::{Host, Wiring};
use bottle_plan::names::Identity;
use bottle_util::untrusted;
use bottle_wire::supervise::{Decision, GrantTime, Question};
use crossterm::event::Event;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::print::state_line;
use crate::output::{self, say};
use crate::report::Failure;

/// How often the bottles are asked anew.
const REFRESH: Duration = Duration::from_secs(2);
/// How long a key is waited for before the screen is drawn again.
const TICK: Duration = Duration::from_millis(100);

/// What is on the screen.
#[derive(Debug, Default)]
struct Screen {
    bottles: Vec<BottleInbox>,
    /// Whether any bottle has been asked yet.
    loaded: bool,
    cursor: usize,
    scroll: u16,
    mode: Mode,
    /// What was last done, or what went wrong.
    message: String,
    /// What makes an approval permanent, of those that were given.
    permanent: Vec<(Identity, String)>,
    /// Seconds since 1970.
    now: u64,
    /// Has the bottles asked anew at once.
    soon: Arc<Notify>,
}

/// What the keys are for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Mode {
    #[default]
    List,
    /// One question; it stays the one that was opened, whatever the list does.
    Detail(Box<Shown>),
    /// A number of minutes is typed.
    Minutes(Box<Shown>, String),
    /// A reason is typed, and what it is for.
    Reason(Box<Shown>, Verdict, String),
}

/// What a reason is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Approve,
    Reject,
}

/// A question as it was shown when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    bottle: Identity,
    question: Question,
}

/// What follows from a key.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Stay,
    Leave,
    Answer(Box<Shown>, Decision),
    Edit(Box<Shown>),
}

pub(super) async fn run(wiring: &Arc<Wiring>, host: &Host) -> Result<u8, Failure> {
    let (sender, mut updates) = mpsc::channel(1);
    let soon = Arc::new(Notify::new());
    let refreshing = tokio::spawn({
        let (wiring, host, soon) = (Arc::clone(wiring), host.clone(), Arc::clone(&soon));
        async move {
            loop {
                let found = inboxes(&wiring, &host).await;
                if sender.send(found).await.is_err() {
                    return;
                }
                let _due = timeout(REFRESH, soon.notified()).await;
            }
        }
    });
    let mut terminal = ratatui::try_init()?;
    let mut screen = Screen {
        bottles: recorded(host),
        soon,
        ..Screen::default()
    };
    let ended = watch(&mut terminal, &mut screen, &mut updates, (wiring, host)).await;
    refreshing.abort();
    // Whatever went wrong, nobody is left with a terminal in raw mode.
    ratatui::try_restore()?;
    print_permanent(&screen)?;
    ended?;
    Ok(0)
}

async fn watch(
    terminal: &mut ratatui::DefaultTerminal,
    screen: &mut Screen,
    updates: &mut mpsc::Receiver<Vec<BottleInbox>>,
    (wiring, host): (&Arc<Wiring>, &Host),
) -> io::Result<()> {
    loop {
        while let Ok(found) = updates.try_recv() {
            screen.update(found);
        }
        screen.now = (host.clock)();
        terminal.draw(|frame| draw::draw(frame, screen))?;
        let Some(Event::Key(key)) = tokio::task::block_in_place(next)? else {
            continue;
        };
        let step = screen.key(key);
        match step {
            Step::Stay => (),
            Step::Leave => return Ok(()),
            Step::Answer(shown, decision) => {
                terminal.draw(|frame| draw::draw(frame, screen))?;
                give(screen, wiring, &shown, decision).await;
            }
            Step::Edit(shown) => {
                ratatui::try_restore()?;
                let edited = edit::edit(host, &shown.question).await;
                *terminal = ratatui::try_init()?;
                match edited {
                    Ok(Some(decision)) => {
                        give(screen, wiring, &shown, decision).await;
                    }
                    Ok(None) => {
                        "nothing was changed, so nothing was answered".clone_into(&mut screen.message);
                    }
                    Err(reason) => screen.message = untrusted::line(&reason),
                }
            }
        }
    }
}

fn next() -> io::Result<Option<Event>> {
    match crossterm::event::poll(TICK)? {
        true => crossterm::event::read().map(Some),
        false => Ok(None),
    }
}

async fn give(screen: &mut Screen, wiring: &Wiring, shown: &Shown, decision: Decision) {
    let bottle = &shown.bottle;
    let kept = match &decision {
        Decision::Approve { time, .. } if *time == GrantTime::Bottle => permanent(&shown.question.proposal),
        Decision::Modify { proposal, time, .. } if *time == GrantTime::Bottle => permanent(proposal),
        _ => None,
    };
    let given = answer(wiring, bottle, &shown.question, decision).await;
    screen.message = match given {
        Ok(state) => format!("{bottle}/{}: {}", shown.question.id, state_line(&state)),
        Err(error) => {
            screen.message = untrusted::line(&error.to_string());
            screen.soon.notify_one();
            return;
        }
    };
    // Nobody waits for all the other bottles: what was answered goes, and the rest is asked in the background.
    screen.close(shown);
    screen.soon.notify_one();
    if let Some(yaml) = kept {
        screen.permanent.push((bottle.clone(), yaml));
        screen
            .message
            .push_str("; the YAML that makes it permanent is printed when you leave");
    }
}

/// Prints what makes approvals permanent, once the screen is the terminal's again.
fn print_permanent(screen: &Screen) -> io::Result<()> {
    for (bottle, yaml) in &screen.permanent {
        say!("bottle: to make it permanent, put this into the file of {bottle}:");
        output::data(yaml)?;
    }
    Ok(())
}

impl Screen {
    fn update(&mut self, found: Vec<BottleInbox>) {
        self.bottles = found;
        self.loaded = true;
        self.cursor = self.cursor.min(self.questions().count().saturating_sub(1));
    }

    /// Takes a question that was answered off the list.
    fn close(&mut self, shown: &Shown) {
        let bottles = self
            .bottles
            .iter_mut()
            .filter(|bottle| bottle.bottle == shown.bottle);
        for inbox in bottles.filter_map(|bottle| bottle.inbox.as_mut()) {
            inbox
                .questions
                .retain(|question| question.id != shown.question.id);
        }
        self.cursor = self.cursor.min(self.questions().count().saturating_sub(1));
    }

    fn questions(&self) -> impl Iterator<Item = (&BottleInbox, &Question)> {
        self.bottles.iter().flat_map(|bottle| {
            let questions = bottle.inbox.iter().flat_map(|inbox| &inbox.questions);
            questions.map(move |question| (bottle, question))
        })
    }

    fn of(&self, shown: &Shown) -> Option<&BottleInbox> {
        self.bottles.iter().find(|bottle| bottle.bottle == shown.bottle)
    }

    /// Tells whether what is shown is still open and still the same.
    fn is_open(&self, shown: &Shown) -> bool {
        self.questions()
            .any(|(bottle, question)| bottle.bottle == shown.bottle && *question == shown.question)
    }
}
