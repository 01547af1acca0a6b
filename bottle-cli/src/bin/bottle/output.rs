//! Where things are printed: people's output to standard error, data to standard output.

use std::fmt::Arguments;
use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

/// Tells people something, one line.
macro_rules! say {
    ($($words:tt)*) => { $crate::output::tell(format_args!($($words)*)) };
}
pub(crate) use say;

/// Writes to standard error. One that is gone, as after a hang-up, must not keep a command from removing what it made.
pub(crate) fn tell(words: Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{words}");
}

/// Prints data; a reader that went away is no failure.
pub(crate) fn data(text: &str) -> io::Result<()> {
    write_to(io::stdout().lock(), text)
}

/// Prints a line of data that has colours where they are welcome.
pub(crate) fn line(text: &str) -> io::Result<()> {
    write_to(anstream::stdout(), &format!("{text}\n"))
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Sends our own log to standard error. The engine client logs whole requests, so it never gets below warnings.
pub(crate) fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::new(format!(
        "warn,bottle_cli={level},bottle={level},bottle_util={level},bottle_provider={level},bottle_backend={level},bottle_backend_docker={level}"
    ));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .log_internal_errors(false)
        .without_time();
    let _ = subscriber.with_target(false).try_init();
}
