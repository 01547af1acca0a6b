//! Exit statuses of the command's own, in the range of sysexits.h; the agent's own status is passed through.

/// How a command of ours ends when the agent did not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// A bottle or agent file is wrong (`EX_DATAERR`).
    Manifest = 65,
    /// The backend cannot be used (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// Something failed inside (`EX_SOFTWARE`).
    Internal = 70,
    /// A file could not be made (`EX_CANTCREAT`).
    CannotCreate = 73,
    /// Reading or writing failed (`EX_IOERR`).
    Io = 74,
    /// The time limit ended the run (`EX_TEMPFAIL`).
    TimeLimit = 75,
    /// The user or a rule said no (`EX_NOPERM`).
    Refused = 77,
    /// The user interrupted (128 and SIGINT).
    Interrupted = 130,
}

/// What `--help` says about exit statuses.
pub const HELP: &str = "\
Exit status:
  the agent's own, or
  64  wrong command line        73  cannot create a file
  65  wrong bottle or agent     74  input/output error
  69  backend not available     75  the time limit ended the run
  70  internal failure          77  refused by you or by a rule
  130 interrupted";
