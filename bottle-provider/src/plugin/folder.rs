//! The folders of plugins, read with care: what lies in them decides where credentials go.

use std::error::Error;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use bottle_document::{Diagnostic, Source, Span, quoted};
use bottle_plan::names::Name;

/// Where a user's plugins lie, and who that user is.
///
/// Each is a folder of the provider's name with a `provider.yaml` and, usually, a `Dockerfile`:
///
/// | key | holds |
/// |---|---|
/// | `command` | the program; needed |
/// | `arguments` | lists `always`, `interactive`, `headless` (needed; `{prompt}` once), `resume`, `resume_headless` |
/// | `image`, `dockerfile_files` | an image, when there is no Dockerfile; what the Dockerfile may copy |
/// | `user`, `guest_home` | name, uid and gid of the agent's user, and its home; `node`, 1000, 1000, `/home/node` |
/// | `prompt` | how the agent's own prompt gets there: `file` and `arguments`, or `toml_argument` |
/// | `skills` | the guest's folder for them |
/// | `env`, `hidden_env` | variables of the guest; those that summaries leave out |
/// | `directories` | `path`, `mode` |
/// | `files` | `path`, `mode`, and `content` or `from`, a file beside this one |
/// | `commands` | `before` and `after` the files: `run`, `user` (`agent` or `root`) |
/// | `egress.routes` | as in a bottle, without `auth` |
/// | `auth` | `host` of a route, `token_ref`, `scheme`, `name`, and the guest's `placeholder`: `variable`, `value` |
/// | `mcp` | the command that registers the server at `{mcp_url}` |
/// | `ca` | `certificate`, `bundle`, `update`; Debian's layout by default |
///
/// `{guest_home}`, `{workspace}` and `{ca_bundle}` are filled in everywhere, `{prompt_file}` in `prompt.arguments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugins {
    /// `~/.bot-bottle/contrib`, or what replaces it.
    pub folder: PathBuf,
    /// The only user who may own what is read.
    pub owner: u32,
}

/// The folder of one plugin, known to be its user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PluginFolder {
    pub(crate) name: Name,
    pub(crate) path: PathBuf,
    owner: u32,
}

/// Why a file of a plugin is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    code: &'static str,
    path: PathBuf,
    why: String,
    help: &'static str,
}

impl Plugins {
    /// Returns the folder of a plugin; none when there is nothing of that name.
    pub(crate) fn open(&self, name: &Name) -> Option<Result<PluginFolder, Refused>> {
        let path = self.folder.join(name.as_str());
        let found = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            other => other,
        };
        let checked = found
            .map_err(|error| unreadable(&path, &error))
            .and_then(|found| is_plain(&path, &found, self.owner))
            .and_then(|()| self.check_above());
        Some(checked.map(|()| PluginFolder {
            name: name.clone(),
            path,
            owner: self.owner,
        }))
    }

    /// Returns the names of all plugins, in order or not.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.parse::<Name>().is_ok()).collect()
    }

    /// Whoever may write to the folder of plugins may put one there.
    fn check_above(&self) -> Result<(), Refused> {
        let found = fs::metadata(&self.folder).map_err(|error| unreadable(&self.folder, &error))?;
        is_own(&self.folder, &found, self.owner)
    }
}

impl PluginFolder {
    /// Reads a text of the folder; no link is followed.
    pub(crate) fn read(&self, relative: &str) -> Result<Source, Refused> {
        let parts = self.check(relative)?;
        let read = Source::read_beneath(&self.path, &parts);
        read.map_err(|error| Refused {
            code: "unreadable-file",
            path: self.path.join(relative),
            why: match error.source() {
                Some(source) => format!("cannot be read: {source}"),
                None => format!("cannot be read: {error}"),
            },
            help: error.hint().unwrap_or("the path starts in the plugin's folder"),
        })
    }

    /// Tells whether there is anything of this name.
    pub(crate) fn has(&self, relative: &str) -> bool {
        fs::symlink_metadata(self.path.join(relative)).is_ok()
    }

    /// Checks that a path stays in the folder and that all of it is the user's own; returns its parts.
    pub(crate) fn check<'a>(&self, relative: &'a str) -> Result<Vec<&'a str>, Refused> {
        let parts = parts(relative).ok_or_else(|| Refused {
            code: "leaves-folder",
            path: PathBuf::from(relative),
            why: "does not lie in the plugin's folder".to_owned(),
            help: "name a file beside provider.yaml, relative and without `..`",
        })?;
        let mut path = self.path.clone();
        for part in &parts {
            path.push(part);
            let found = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, &error))?;
            is_plain(&path, &found, self.owner)?;
        }
        Ok(parts)
    }
}

impl Refused {
    /// Points at the place where the file is named.
    pub(crate) fn named_at(&self, span: &Span) -> Diagnostic {
        let path = quoted(&self.path.display().to_string());
        Diagnostic::error(self.code, format!("{path} {}", self.why))
            .at(span)
            .help(self.help)
    }
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        Self::error(refused.code, format!("this {}", refused.why))
            .in_file(refused.path.display().to_string())
            .help(refused.help)
    }
}

fn parts(relative: &str) -> Option<Vec<&str>> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let stays = !relative.is_empty() && Path::new(relative).components().all(plain);
    let sane = stays && !relative.chars().any(char::is_control);
    sane.then(|| {
        relative
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect()
    })
}

/// No link leads out of a plugin, because none is followed.
fn is_plain(path: &Path, found: &Metadata, owner: u32) -> Result<(), Refused> {
    if !found.is_symlink() {
        return is_own(path, found, owner);
    }
    Err(Refused {
        code: "leaves-folder",
        path: path.to_owned(),
        why: "is a symbolic link, and none is followed to or in a plugin".to_owned(),
        help: "put a copy there",
    })
}

/// Everything in a plugin belongs to its user, and nobody else can change it.
fn is_own(path: &Path, found: &Metadata, owner: u32) -> Result<(), Refused> {
    let (what, help) = if found.uid() != owner {
        ("belongs to another user", "copy it into a folder of your own")
    } else if found.mode() & 0o022 != 0 {
        (
            "can be changed by other users",
            "run `chmod -R go-w` on the folder",
        )
    } else {
        return Ok(());
    };
    Err(Refused {
        code: "untrusted-plugin",
        path: path.to_owned(),
        why: format!("{what}; a plugin decides where credentials go"),
        help,
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Refused {
    Refused {
        code: "unreadable-file",
        path: path.to_owned(),
        why: format!("cannot be read: {error}"),
        help: "the path starts in the plugin's folder",
    }
}
