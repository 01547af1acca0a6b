//! Processes that take part in a run and end with it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Part {
    child: Child,
    log: PathBuf,
}

/// A part of this program, with both ends of its conversation.
#[derive(Debug)]
pub(crate) struct OwnPart {
    part: Part,
    output: BufReader<ChildStdout>,
}

const START: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
const LOG_TAIL_BYTES: usize = 2000;

impl Part {
    /// Starts a program; what it says goes to a log, which is shown if it fails.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let program = command.get_program().to_owned();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has written a file.
    pub(crate) fn wait_for_file(&mut self, file: &Path) -> Result<()> {
        self.wait_until(&format!("it does not write {}", file.display()), || {
            file.is_file()
        })
    }

    /// Waits until it accepts connections.
    pub(crate) fn wait_for(&mut self, address: SocketAddr) -> Result<()> {
        let listens = || TcpStream::connect_timeout(&address, POLL).is_ok();
        self.wait_until(&format!("it does not listen on {address}"), listens)
    }

    fn wait_until(&mut self, otherwise: &str, done: impl Fn() -> bool) -> Result<()> {
        let end = Instant::now() + START;
        while !done() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended at once ({status}): {}", self.log_tail());
            }
            ensure!(Instant::now() < end, "{otherwise}: {}", self.log_tail());
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// The last that it said.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = text
            .char_indices()
            .rev()
            .nth(LOG_TAIL_BYTES)
            .map_or(0, |(at, _)| at);
        text.get(from..).unwrap_or_default().to_owned()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl OwnPart {
    /// Starts this program with the arguments of a part.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start a part of this program")?;
        let output = child.stdout.take().context("a part has no output")?;
        let part = Part {
            child,
            log: PathBuf::new(),
        };
        Ok(Self {
            part,
            output: BufReader::new(output),
        })
    }

    /// Keeps the process alone, which has nothing more to say; a part of this program ends when its input does.
    pub(crate) fn into_part(self) -> Part {
        self.part
    }

    /// Reads the next line that it says.
    pub(crate) fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        match line.trim_end() {
            "" => bail!("a part of this program ended without a word"),
            line => Ok(line.to_owned()),
        }
    }

    /// Reads a line of port numbers.
    pub(crate) fn hear_ports<const COUNT: usize>(&mut self) -> Result<[u16; COUNT]> {
        let line = self.hear()?;
        let ports: Vec<u16> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        ports
            .try_into()
            .ok()
            .with_context(|| format!("{line:?} are not {COUNT} ports"))
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: &str) -> Result<()> {
        let input = self.part.child.stdin.as_mut().context("a part has no input")?;
        Ok(writeln!(input, "{line}")?)
    }
}

/// This program, to be started again as one of its parts.
pub(crate) fn this_program() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// A port that nobody listens on now; for programs that cannot choose one themselves.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
