//! `bottle exec`: a second shell or command in a running bottle.

use bottle_backend::ExecCommand;
use bottle_cli::state::StateFolder;
use bottle_cli::{Host, Wiring};

use crate::args::ExecArgs;
use crate::interrupt::Interrupts;
use crate::report::Failure;
use crate::terminal::{self, Input};

/// What runs when no command is given.
const SHELL: [&str; 2] = ["/bin/bash", "-l"];

pub(crate) async fn run(host: &Host, args: ExecArgs) -> Result<u8, Failure> {
    let bottle = Wiring::standard(host).open(&args.identity).await?;
    let plan = StateFolder::of(&host.state_root(), &args.identity).plan()?;
    let argv = if args.command.is_empty() {
        SHELL.map(str::to_owned).to_vec()
    } else {
        args.command
    };
    let command = ExecCommand::agent(argv).in_directory(plan.workspace.guest);
    let mut cancel = Interrupts::listen()?.begin();
    let ended = async {
        match terminal::is_interactive() && terminal::is_output() {
            true => terminal::attach(bottle.exec_agent(&command, Some(terminal::size())).await?).await,
            false => terminal::stream(bottle.exec_agent(&command, None).await?, Input::Ours).await,
        }
    };
    tokio::select! {
        status = ended => Ok(terminal::status(status?)),
        () = cancel.cancelled() => Err(Failure::interrupted()),
    }
}
