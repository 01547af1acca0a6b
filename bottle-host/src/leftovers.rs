//! What starts that never became ready have left behind.

use std::io;
use std::path::Path;

use bottle_backend::{Host, Leftover};

use crate::{Folder, Guest};

/// Finds it. A bottle that was ready once is never named, nor one whose command still runs.
///
/// # Errors
///
/// What the system says.
pub fn leftovers<G: Guest>(root: &Path, host: &Host) -> io::Result<Vec<Leftover>> {
    let folders = Folder::<G>::all(root)?;
    let left = folders.iter().filter(|folder| is_left(folder, host));
    Ok(left.map(leftover).collect())
}

/// Returns the folder of something that was found, if it still is what it was.
#[must_use]
pub fn still_left<G: Guest>(root: &Path, host: &Host, leftover: &Leftover) -> Option<Folder<G>> {
    let folders = Folder::<G>::all(root).unwrap_or_default().into_iter();
    let mut named = folders.filter(|folder| folder.path() == Path::new(&leftover.id));
    named.find(|folder| is_left(folder, host))
}

fn is_left<G: Guest>(folder: &Folder<G>, host: &Host) -> bool {
    match folder.record() {
        Some(record) => !record.ready && host.owns(&record.owner) && !host.is_alive(&record.owner),
        // Only the name says whose it is. Nothing was made in it that lies elsewhere.
        None => folder
            .nameless()
            .is_some_and(|(pid, started)| (host.process_started)(pid) != Some(started)),
    }
}

fn leftover<G: Guest>(folder: &Folder<G>) -> Leftover {
    Leftover {
        kind: "folder",
        id: folder.path().to_string_lossy().into_owned(),
        name: folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        reason: "its start was not finished, and the command that began it is gone".to_owned(),
    }
}
