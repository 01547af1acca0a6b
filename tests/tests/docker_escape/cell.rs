//! A bottle to get out of, and a container without walls beside it.

use std::time::Duration;

use anyhow::{Result, ensure};
use bottle_tests::escape::{Attempted, attempt_program};
use bottle_tests::harness::{Engine, Neighbour, Reason, Running, Scene, skip};

/// How long a refusal may take, the start of two programs included.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(5);

const PROGRAM: &str = "/usr/local/bin/attempt";
const ROOT: &str = "0:0";

/// A running bottle with the program of attempts in it, and its twin.
pub(crate) struct Cell {
    pub(crate) scene: Scene,
    pub(crate) twin: String,
    /// The program of attempts itself.
    pub(crate) program: Vec<u8>,
    test: &'static str,
    _running: Running,
}

impl Cell {
    /// Builds one, or says that this test is skipped.
    pub(crate) fn build_or_skip(test: &'static str) -> Result<Option<Self>> {
        Self::build_beside_or_skip(test, |_| Neighbour::default())
    }

    /// The same with a twin of the test's own choice.
    pub(crate) fn build_beside_or_skip(
        test: &'static str,
        twin: impl FnOnce(&Scene) -> Neighbour,
    ) -> Result<Option<Self>> {
        let Some(program) = attempt_program(test)?.map(std::fs::read).transpose()? else {
            return Ok(None);
        };
        let Some(mut scene) = Scene::set_or_skip(test)? else {
            return Ok(None);
        };
        let running = scene.start_waiting()?;
        let label = scene.stage.label("twin");
        let twin = scene.engine()?.start_neighbour(&label, &twin(&scene))?;
        for container in [&scene.agent(), &twin] {
            scene.engine()?.put(container, PROGRAM, &program, 0o755)?;
        }
        Ok(Some(Self {
            scene,
            twin,
            program,
            test,
            _running: running,
        }))
    }

    pub(crate) fn engine(&self) -> Result<&Engine> {
        self.scene.engine()
    }

    /// Makes an attempt as the agent; it must be over at once.
    pub(crate) fn inside(&self, attempt: &[&str]) -> Result<Attempted> {
        let finished = self.scene.exec_within(AT_ONCE, &[&[PROGRAM], attempt].concat())?;
        Attempted::of(&finished)
    }

    /// Makes an attempt in the twin, as root.
    pub(crate) fn outside(&self, attempt: &[&str]) -> Result<Attempted> {
        let finished = self
            .engine()?
            .exec(&self.twin, ROOT, &[&[PROGRAM], attempt].concat())?;
        Attempted::of(&finished)
    }

    /// Makes sure that an attempt fails inside, and that it is the bottle that makes it fail.
    pub(crate) fn refuses(&self, attempt: &[&str]) -> Result<()> {
        let inside = self.inside(attempt)?;
        ensure!(inside != Attempted::Through, "{attempt:?} gets through");
        match self.outside(attempt)? {
            Attempted::Through => Ok(()),
            Attempted::UnknownHere => {
                let what = format!("{attempt:?} in this kernel");
                skip(self.test, Reason::Impossible(&what))
            }
            Attempted::Refused => {
                anyhow::bail!("{attempt:?} fails without walls too, so that its failure inside says nothing")
            }
        }
    }

    /// Makes sure that an attempt fails inside, where no twin can show the opposite.
    pub(crate) fn refuses_untwinned(&self, attempt: &[&str]) -> Result<()> {
        let inside = self.inside(attempt)?;
        ensure!(inside != Attempted::Through, "{attempt:?} gets through");
        Ok(())
    }
}
