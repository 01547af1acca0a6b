//! What is mounted inside of folders, which a layer of such a folder does not show.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Lists it, each after what it lies in. What this user cannot look at is left out.
pub(super) fn below(folders: &[PathBuf]) -> Vec<PathBuf> {
    let list = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let places = list.split(|byte| *byte == b'\n').filter_map(place);
    let inside = |place: &PathBuf| {
        folders
            .iter()
            .any(|folder| place.starts_with(folder) && place != folder)
    };
    places.filter(inside).filter(|place| is_seen(place)).collect()
}

fn is_seen(place: &Path) -> bool {
    fs::metadata(place).is_ok_and(|meta| match meta.is_dir() {
        true => fs::read_dir(place).is_ok(),
        false => meta.is_file(),
    })
}

/// Reads field 5 of a line (proc_pid_mountinfo(5)), in which blanks are three octal digits.
fn place(line: &[u8]) -> Option<PathBuf> {
    let field = line.split(|byte| *byte == b' ').nth(4)?;
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match escaped.filter(|_| *first == b'\\') {
            Some(byte) => {
                path.push(byte);
                rest = after.get(3..)?;
            }
            None => {
                path.push(*first);
                rest = after;
            }
        }
    }
    Some(PathBuf::from(OsString::from_vec(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_with_its_blanks() {
        let line = b"36 35 98:0 /mnt1 /usr/my\\040share\\134x rw,noatime master:1 - ext3 /dev/root rw";
        assert_eq!(place(line), Some(PathBuf::from("/usr/my share\\x")));
        assert_eq!(place(b""), None);
    }
}
