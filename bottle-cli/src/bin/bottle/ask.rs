//! Questions to the person at the terminal.

use std::io::{self, BufRead, Read, Write};

use bottle_util::{Secret, untrusted};

/// Asks for a yes; anything else is a no.
pub(crate) fn yes(question: &str) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "{} [y/N] ", untrusted::line(question))?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(1024).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a secret without showing what is typed.
pub(crate) fn secret(question: &str) -> io::Result<Secret> {
    let mut err = io::stderr().lock();
    write!(err, "{}: ", untrusted::line(question))?;
    err.flush()?;
    let answer = without_echo(|| {
        let mut line = String::new();
        io::stdin().lock().take(64 << 10).read_line(&mut line)?;
        Ok(line)
    });
    writeln!(err)?;
    let answer = answer?;
    Ok(Secret::from(answer.trim_end_matches(['\r', '\n']).to_owned()))
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
    let mut err = io::stderr().lock();
    write!(err, "{}: ", untrusted::line(question))?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(4096).read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
