//! Directories, files and commands that a plugin puts into its guest.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node};
use bottle_plan::provider::{CommandUser, GuestCommand, GuestDirectory, GuestFile};

use super::field;
use super::ground::Ground;

/// Commands run before and after the files are there.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) before: Vec<GuestCommand>,
    pub(super) after: Vec<GuestCommand>,
}

impl Ground<'_> {
    pub(super) fn directories(
        &self,
        entry: Option<&Entry>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<GuestDirectory> {
        each(entry, diagnostics, |item, diagnostics| {
            self.directory(item, diagnostics)
        })
    }

    pub(super) fn files(&self, entry: Option<&Entry>, diagnostics: &mut Diagnostics) -> Vec<GuestFile> {
        each(entry, diagnostics, |item, diagnostics| {
            self.file(item, diagnostics)
        })
    }

    pub(super) fn commands(&self, entry: Option<&Entry>, diagnostics: &mut Diagnostics) -> Commands {
        let Some(entry) = entry else {
            return Commands::default();
        };
        let Some(mut keys) = MapReader::of_entry("`commands`", entry, diagnostics) else {
            return Commands::default();
        };
        let before = keys.optional("before");
        let after = keys.optional("after");
        keys.finish(diagnostics);
        let mut read = |entry| {
            each(entry, diagnostics, |item, diagnostics| {
                self.command(item, diagnostics)
            })
        };
        Commands {
            before: read(before),
            after: read(after),
        }
    }

    fn directory(&self, item: &Node, diagnostics: &mut Diagnostics) -> Option<GuestDirectory> {
        let mut keys = MapReader::new("a directory", item, diagnostics)?;
        let path = keys.required("path", diagnostics);
        let mode = keys.optional("mode");
        keys.finish(diagnostics);
        let path = path.and_then(|entry| field::path_below(&self.home, entry, &self.fill, diagnostics));
        let mode = field::mode(mode, 0o700, diagnostics);
        Some(GuestDirectory {
            path: path?,
            mode: mode?,
        })
    }

    fn file(&self, item: &Node, diagnostics: &mut Diagnostics) -> Option<GuestFile> {
        let mut keys = MapReader::new("a file", item, diagnostics)?;
        let path = keys.required("path", diagnostics);
        let mode = keys.optional("mode");
        let content = keys.optional("content");
        let from = keys.optional("from");
        keys.finish(diagnostics);
        let path = path.and_then(|entry| field::path_below(&self.home, entry, &self.fill, diagnostics));
        let mode = field::mode(mode, 0o600, diagnostics);
        let text = match (content, from) {
            (Some(entry), None) => diagnostics.accept(entry.expect_string()).map(str::to_owned),
            (None, Some(entry)) => self.neighbour(entry, diagnostics),
            _ => {
                let message = "a file needs either `content` or `from`";
                diagnostics.report(Diagnostic::error("missing-key", message).at(&item.span));
                None
            }
        };
        Some(GuestFile {
            path: path?,
            mode: mode?,
            content: self.fill.fill_content(&text?),
        })
    }

    /// A file beside the plugin's own.
    fn neighbour(&self, entry: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
        let name = bottle_routes::text(entry, diagnostics)?;
        let read = self.folder.read(&name.value);
        let read = read.map_err(|refused| refused.named_at(&name.span));
        diagnostics.accept(read).map(|source| source.text().to_owned())
    }

    fn command(&self, item: &Node, diagnostics: &mut Diagnostics) -> Option<GuestCommand> {
        let mut keys = MapReader::new("a command", item, diagnostics)?;
        let run = keys.required("run", diagnostics);
        let user = keys.optional("user");
        keys.finish(diagnostics);
        let words = [("agent", CommandUser::Agent), ("root", CommandUser::Root)];
        let user = match user {
            Some(entry) => diagnostics.accept(entry.expect_keyword(words))?,
            None => CommandUser::Agent,
        };
        let argv = field::command(run?, user == CommandUser::Root, &self.fill, diagnostics)?;
        Some(GuestCommand { argv, user })
    }
}

pub(super) fn each<T>(
    entry: Option<&Entry>,
    diagnostics: &mut Diagnostics,
    read: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Vec<T> {
    let items = entry
        .and_then(|entry| diagnostics.accept(entry.expect_list()))
        .unwrap_or_default();
    items.iter().filter_map(|item| read(item, diagnostics)).collect()
}
