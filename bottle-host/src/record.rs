//! What is written down about a bottle, where no guest sees it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bottle_backend::Owner;
use bottle_util::files;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Mounted;

const NAME: &str = "bottle.json";
/// The most bytes of a record.
const MOST: u64 = 4 << 20;

/// What has to be known of a bottle to take it up again without its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<G> {
    /// Who started it, the last time.
    pub owner: Owner,
    /// Whether it was ready once.
    pub ready: bool,
    /// What its guest is; none until that is known.
    pub guest: Option<G>,
}

/// What a backend writes down of a guest.
pub trait Guest: Clone + Serialize + DeserializeOwned {
    /// Returns the host's folder in which it works, if it is one.
    fn mounted(&self) -> Option<&Mounted>;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<G> {
    labels: BTreeMap<String, String>,
    ready: bool,
    guest: Option<G>,
}

impl<G: Guest> Record<G> {
    /// Makes the record of a start.
    #[must_use]
    pub fn new(owner: Owner) -> Self {
        Self {
            owner,
            ready: false,
            guest: None,
        }
    }

    /// Takes away what was made for covers to lie on, where it is still empty.
    pub(crate) fn clear_covers(&self) {
        let mounted = self.guest.as_ref().and_then(|guest| guest.mounted());
        mounted.iter().for_each(|mounted| mounted.clear());
    }
}

/// Writes a record in one step.
pub(crate) fn write<G: Guest>(folder: &Path, record: &Record<G>) -> io::Result<()> {
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
pub(crate) fn read<G: Guest>(folder: &Path) -> Option<Record<G>> {
    let text = files::read_bounded(&folder.join(NAME), MOST).ok()?;
    let written: Written<G> = serde_json::from_slice(&text).ok()?;
    Some(Record {
        owner: Owner::from_labels(|name| written.labels.get(name).map(String::as_str))?,
        ready: written.ready,
        guest: written.guest,
    })
}
