//! What a start is doing, on standard error: a spinner on a terminal, plain lines elsewhere.

use std::time::Duration;

use bottle_backend::Progress;
use bottle_util::untrusted;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::say;

/// Shows steps and, below them, the last line of the step's own output.
pub(crate) struct Steps {
    bar: Option<ProgressBar>,
}

impl Steps {
    /// Makes one; without a terminal each step is a line.
    pub(crate) fn new(terminal: bool) -> Self {
        let bar = terminal.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg:.dim}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar }
    }

    /// Takes the spinner away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Steps {
    fn step(&self, step: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(step.to_owned());
                bar.set_message("");
            }
            None => say!("bottle: {step}"),
        }
    }

    fn detail(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(untrusted::line(line));
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.finish();
    }
}
