//! The supervise server, as the agent program knows it.

use bottle_backend::{Bottle, ExecCommand};
use bottle_plan::BottlePlan;
use bottle_plan::provider::{MCP_URL, McpRegistration};

use super::error::run;
use crate::quoting::shell_words;

/// Runs the program's own registration command. Returns a warning with that command when it did not work: without
/// the server the agent can still do everything but ask.
pub async fn apply_supervise_mcp(plan: &BottlePlan, bottle: &dyn Bottle, url: &str) -> Option<String> {
    let McpRegistration::Command(argv) = &plan.provider.mcp else {
        return None;
    };
    let argv: Vec<String> = argv
        .iter()
        .map(|argument| argument.replace(MCP_URL, url))
        .collect();
    let manual = shell_words(&argv);
    let error = run(bottle, &ExecCommand::agent(argv)).await.err()?;
    let warning =
        format!("the agent cannot ask: {error}; to register the server by hand, run in the bottle: {manual}");
    tracing::warn!(warning, "the supervise server is not registered");
    Some(warning)
}
