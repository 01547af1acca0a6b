//! The arguments of each start, and how the agent's own prompt gets there.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, quoted};
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{PROMPT, PromptDelivery};

use super::field;
use super::placeholders::Placeholders;

/// The arguments of each start.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) always: Vec<String>,
    pub(super) interactive: Vec<String>,
    pub(super) headless: Vec<String>,
    pub(super) resume: Vec<String>,
    pub(super) resume_headless: Vec<String>,
}

/// Reads `arguments`.
pub(super) fn read(entry: &Entry, fill: &Placeholders, diagnostics: &mut Diagnostics) -> Option<Arguments> {
    let mut keys = MapReader::of_entry("`arguments`", entry, diagnostics)?;
    let always = keys.optional("always");
    let interactive = keys.optional("interactive");
    let headless = keys.required("headless", diagnostics);
    let resume = keys.optional("resume");
    let resume_headless = keys.optional("resume_headless");
    keys.finish(diagnostics);
    let mut plain = |entry: Option<&Entry>| {
        let words = entry.map(|entry| field::words(entry, fill, diagnostics));
        words.unwrap_or_default()
    };
    let (always, interactive, resume) = (plain(always), plain(interactive), plain(resume));
    let headless = with_prompt(headless, fill, diagnostics);
    // Without arguments of its own, a resumed session is a new one.
    let resume_headless = match resume_headless {
        Some(entry) => with_prompt(Some(entry), fill, diagnostics),
        None => headless.clone(),
    };
    Some(Arguments {
        always,
        interactive,
        headless,
        resume,
        resume_headless,
    })
}

/// Reads `prompt`; without it the program has no way to take one.
pub(super) fn prompt(
    entry: Option<&Entry>,
    home: &GuestPath,
    fill: &Placeholders,
    diagnostics: &mut Diagnostics,
) -> Option<PromptDelivery> {
    let Some(entry) = entry else {
        return Some(PromptDelivery::None);
    };
    let mut keys = MapReader::of_entry("`prompt`", entry, diagnostics)?;
    let file = keys.optional("file");
    let arguments = keys.optional("arguments");
    let toml_argument = keys.optional("toml_argument");
    keys.finish(diagnostics);
    match (file, toml_argument) {
        (Some(file), None) => {
            let path = field::path_below(home, file, fill, diagnostics)?;
            let fill = fill.and("prompt_file", &path);
            let arguments = arguments.map(|entry| field::words(entry, &fill, diagnostics));
            Some(PromptDelivery::File {
                path,
                arguments: arguments.unwrap_or_default(),
            })
        }
        (None, Some(words)) => Some(PromptDelivery::TomlArgument {
            arguments: with_prompt(Some(words), fill, diagnostics),
        }),
        _ => {
            let message = "`prompt` needs either `file` or `toml_argument`";
            diagnostics.report(Diagnostic::error("missing-key", message).at(&entry.node.span));
            None
        }
    }
}

/// A list of words in which the prompt has exactly one place.
fn with_prompt(entry: Option<&Entry>, fill: &Placeholders, diagnostics: &mut Diagnostics) -> Vec<String> {
    let Some(entry) = entry else {
        return Vec::new();
    };
    let before = diagnostics.errors();
    let words = field::words(entry, &fill.keeping("prompt"), diagnostics);
    let places: usize = words.iter().map(|word| word.matches(PROMPT).count()).sum();
    if places != 1 && diagnostics.errors() == before {
        let message = format!("{} must hold {{prompt}} exactly once", quoted(&entry.key.value));
        diagnostics.report(Diagnostic::error("no-place-for-prompt", message).at(&entry.node.span));
    }
    words
}
