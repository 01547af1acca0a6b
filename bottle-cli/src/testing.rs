//! A bottle that does what a test says.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, Bottle, ControlError, CopyError, CopyOwner, EngineError, ExecCommand, ExecError,
    ExecOutput, PutFile, TerminalSize,
};
use bottle_plan::door::Door;
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_wire::chain::Head;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::event::{Event, What};

use crate::state::{CHAIN, ChainState, StateFolder};

pub(crate) const KEY: &str = "key";

/// A bottle with a sidecar that has recorded events, and a workspace that is as it is, or takes for ever to read.
pub(crate) struct Scripted {
    pub(crate) identity: Identity,
    pub(crate) lines: Vec<String>,
    /// How many lines one answer has.
    pub(crate) at_once: usize,
    /// Whether the workspace has changed; none when nobody finds out.
    pub(crate) changed: Option<bool>,
    pub(crate) done: Mutex<Vec<&'static str>>,
}

impl Scripted {
    pub(crate) fn new(events: u64) -> Self {
        let mut head = Head::start();
        let mut line = |time| {
            let event = Event {
                time,
                door: Door::Egress,
                what: What::Opened,
            };
            serde_json::to_string(&head.append(KEY.as_bytes(), event).unwrap()).unwrap()
        };
        Self {
            identity: "demo-1".parse().unwrap(),
            lines: (0..events).map(&mut line).collect(),
            at_once: 2,
            changed: Some(false),
            done: Mutex::default(),
        }
    }

    fn note(&self, what: &'static str) {
        self.done.lock().unwrap().push(what);
    }
}

/// Makes the state folder of a bottle that has just started.
pub(crate) fn begun(folder: &StateFolder) {
    let chain = ChainState {
        key: KEY.to_owned(),
        head: Head::start(),
        bytes: 0,
    };
    folder.write_json(CHAIN, &chain).unwrap();
}

#[async_trait]
impl Bottle for Scripted {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn exec(&self, _command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        Err(ExecError::Empty)
    }

    async fn exec_agent(
        &self,
        _command: &ExecCommand,
        _terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        Err(ExecError::Empty)
    }

    async fn put(&self, _files: &[PutFile], _owner: CopyOwner) -> Result<(), CopyError> {
        Ok(())
    }

    async fn cp_in(&self, _host: &Path, _guest: &GuestPath, _owner: CopyOwner) -> Result<(), CopyError> {
        Ok(())
    }

    async fn cp_out(&self, _guest: &GuestPath, _host: &Path) -> Result<(), CopyError> {
        Ok(())
    }

    async fn control(&self, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        let ControlRequest::Drain { after } = request else {
            return Ok(ControlAnswer::Done);
        };
        let rest = self.lines.iter().skip(usize::try_from(*after).unwrap());
        let lines: Vec<_> = rest.clone().take(self.at_once).cloned().collect();
        let more = rest.count() > lines.len();
        Ok(ControlAnswer::Events { lines, more })
    }

    async fn halt(&self) -> Result<(), EngineError> {
        self.note("halt");
        Ok(())
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        self.note("compare");
        match self.changed {
            Some(changed) => Ok(changed),
            None => std::future::pending().await,
        }
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        self.note("preserve");
        Ok(())
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.note("close");
        Ok(())
    }
}
