//! A secret that must be nowhere.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tempfile::NamedTempFile;

/// A secret in the forms in which it could have been written down.
#[derive(Debug)]
pub struct Needle {
    patterns: NamedTempFile,
}

impl Needle {
    /// Looks for that text as it is, in hexadecimal, and in base64 whatever came before it.
    pub fn new(secret: &str) -> Result<Self> {
        ensure!(secret.len() >= 12, "a short text is found everywhere");
        let mut patterns = NamedTempFile::new()?;
        for form in forms(secret) {
            writeln!(patterns, "{form}")?;
        }
        Ok(Self { patterns })
    }

    /// Whether a text holds it.
    pub fn is_in(&self, text: &str) -> Result<bool> {
        self.is_in_pieces(|take| take(text.as_bytes()))
    }

    /// Whether bytes that come in pieces hold it; a form that lies across two pieces is found too.
    ///
    /// Images are large and test programs are slow, so that `grep` does the search.
    pub fn is_in_pieces(
        &self,
        read: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>,
    ) -> Result<bool> {
        let mut grep = Command::new("grep")
            .args(["--text", "--fixed-strings", "--quiet", "--file"])
            .arg(self.patterns.path())
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start grep")?;
        let mut pipe = grep.stdin.take().context("grep has no input")?;
        let fed = read(&mut |piece| match pipe.write_all(piece) {
            // It has found what it looked for and reads no further.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        });
        drop(pipe);
        let status = grep.wait()?;
        fed?;
        match status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => anyhow::bail!("grep failed: {status}"),
        }
    }
}

fn forms(secret: &str) -> Vec<String> {
    let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.to_owned(), hexadecimal];
    // Behind so many bytes, so many characters hold something of them; the last ones hold something of what follows.
    for (before, foreign) in [(0, 0), (1, 2), (2, 3)] {
        let shifted = [vec![0; before].as_slice(), secret.as_bytes()].concat();
        let encoded = STANDARD_NO_PAD.encode(shifted);
        forms.extend(encoded.get(foreign..encoded.len() - 2).map(str::to_owned));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "sk-test-0123456789abcdef";

    #[track_caller]
    fn check(text: &str, found: bool) {
        assert_eq!(Needle::new(SECRET).unwrap().is_in(text).unwrap(), found, "{text}");
    }

    #[test]
    fn it_is_found_as_it_is() {
        check(&format!("KEY={SECRET}\0PATH=/bin\0"), true);
        check("KEY=sk-test-0123456789abcdee", false);
        check("", false);
    }

    #[test]
    fn it_is_found_encoded_at_every_alignment() {
        for before in ["", "u", "us", "use", "user:"] {
            check(
                &STANDARD_NO_PAD.encode(format!("{before}{SECRET} and more")),
                true,
            );
        }
        check("736b2d746573742d30313233343536373839616263646566", true);
    }

    #[test]
    fn it_is_found_across_pieces() {
        let (one, other) = SECRET.split_at(9);
        let found = Needle::new(SECRET).unwrap().is_in_pieces(|take| {
            take(one.as_bytes())?;
            take(other.as_bytes())
        });
        assert!(found.unwrap());
    }

    #[test]
    fn much_that_comes_after_it_is_no_error() {
        let found = Needle::new(SECRET).unwrap().is_in_pieces(|take| {
            take(format!("{SECRET}\n").as_bytes())?;
            (0..64).try_for_each(|_| take(&[b'x'; 65_536]))
        });
        assert!(found.unwrap());
    }
}
