//! What is written down about a bottle, where no guest sees it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bottle_backend::Owner;
use bottle_guest::GuestSpec;
use bottle_plan::paths::GuestPath;
use bottle_util::files;
use serde::{Deserialize, Serialize};

const NAME: &str = "bottle.json";
/// The most bytes of a record.
const MOST: u64 = 4 << 20;

/// What has to be known of a bottle to take it up again without its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Who started it, the last time.
    pub(crate) owner: Owner,
    /// Whether it was ready once.
    pub(crate) ready: bool,
    /// What its guest is; none until that is known.
    pub(crate) guest: Option<GuestRecord>,
}

/// What a guest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestRecord {
    /// How its keeper was told to start it.
    pub(crate) spec: GuestSpec,
    /// Variables of every command.
    pub(crate) env: BTreeMap<String, String>,
    /// Where its agent works.
    pub(crate) workspace: GuestPath,
    /// The host's folder, when that is where it works.
    pub(crate) mounted: Option<Mounted>,
    /// What was copied into the workspace, in one number.
    pub(crate) digest: Option<String>,
}

/// A folder of the host's that a guest works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mounted {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// What was made in it for covers to lie on.
    pub(crate) made: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    labels: BTreeMap<String, String>,
    ready: bool,
    guest: Option<GuestRecord>,
}

impl Record {
    /// Makes the record of a start.
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            owner,
            ready: false,
            guest: None,
        }
    }

    /// Takes away what was made for covers to lie on, where it is still empty.
    pub(crate) fn clear_covers(&self) {
        let mounted = self.guest.as_ref().and_then(|guest| guest.mounted.as_ref());
        mounted.iter().for_each(|mounted| mounted.clear());
    }
}

/// Writes a record in one step.
pub(crate) fn write(folder: &Path, record: &Record) -> io::Result<()> {
    let labels = record.owner.labels().into_iter();
    let written = Written {
        labels: labels.map(|(name, value)| (name.to_owned(), value)).collect(),
        ready: record.ready,
        guest: record.guest.clone(),
    };
    let text = serde_json::to_vec(&written).map_err(io::Error::other)?;
    let new = folder.join(format!("{NAME}.new"));
    std::fs::write(&new, text)?;
    std::fs::rename(new, folder.join(NAME))
}

/// Reads a record; none when there is none that this program wrote.
pub(crate) fn read(folder: &Path) -> Option<Record> {
    let text = files::read_bounded(&folder.join(NAME), MOST).ok()?;
    let written: Written = serde_json::from_slice(&text).ok()?;
    Some(Record {
        owner: Owner::from_labels(|name| written.labels.get(name).map(String::as_str))?,
        ready: written.ready,
        guest: written.guest,
    })
}
