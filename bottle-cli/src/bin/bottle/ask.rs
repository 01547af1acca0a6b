//! Questions to the person at the terminal.
//!
//! No stream is locked while they think: whoever hears Ctrl-C has something to say.

use std::io::{self, BufRead, Read, Write};

use bottle_util::{Secret, untrusted};

/// Asks for a yes; anything else is a no.
pub(crate) fn yes(question: &str) -> io::Result<bool> {
    say(&format!("{} [y/N] ", untrusted::line(question)))?;
    let answer = read_line(1024)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a secret without showing what is typed.
pub(crate) fn secret(question: &str) -> io::Result<Secret> {
    // What is typed before the echo is off is thrown away, so there is no question by then.
    let answer = without_echo(|| {
        say(&format!("{}: ", untrusted::line(question)))?;
        read_line(64 << 10)
    });
    say("\n")?;
    let answer = answer?;
    // An answer that was never ended is one that somebody left, and no empty secret.
    match answer.strip_suffix('\n') {
        Some(answer) => Ok(Secret::from(answer.trim_end_matches('\r').to_owned())),
        None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    }
}

fn without_echo<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let stdin = io::stdin();
    let before = rustix::termios::tcgetattr(&stdin)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(rustix::termios::LocalModes::ECHO);
    rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, &quiet)?;
    let result = read();
    rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, &before)?;
    result
}

/// Asks for a line of text.
pub(crate) fn line(question: &str) -> io::Result<String> {
    say(&format!("{}: ", untrusted::line(question)))?;
    Ok(read_line(4096)?.trim().to_owned())
}

fn say(text: &str) -> io::Result<()> {
    let mut err = io::stderr();
    err.write_all(text.as_bytes())?;
    err.flush()
}

fn read_line(limit: u64) -> io::Result<String> {
    let mut answer = String::new();
    io::stdin().lock().take(limit).read_line(&mut answer)?;
    Ok(answer)
}
