//! The protocol's requests, each turned into one for the desk.

use std::sync::Arc;

use bottle_wire::supervise::{AskAnswer, AskRequest, Asked, Proposal, RouteChange};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio::time::{Instant, timeout_at};

use super::arguments::{
    CheckRequest, ExplainDenial, NoArguments, Notify, ProposeRoutes, RequestEgress, read,
};
use super::limits::ANSWER_TIME;
use super::tools::{INSTRUCTIONS, tools};
use super::{Desk, NAME, answer};
use crate::explain::explain;
use crate::lower::{self, EgressRequest};

/// Serves one request; it keeps nothing.
pub(super) struct Handler {
    desk: Arc<dyn Desk>,
}

/// What a tool answers: words, or what is wrong.
type Said = Result<String, String>;

impl Handler {
    pub(super) fn new(desk: Arc<dyn Desk>) -> Self {
        Self { desk }
    }

    async fn call(&self, name: &str, arguments: Option<JsonObject>) -> Option<Said> {
        Some(match name {
            "list_egress_routes" => self.list(arguments).await,
            "request_egress" => self.request(arguments).await,
            "propose_routes" => self.propose(arguments).await,
            "check_request" => self.check(arguments).await,
            "explain_denial" => self.explain(arguments).await,
            "notify" => self.notify(arguments).await,
            _ => return None,
        })
    }

    async fn list(&self, arguments: Option<JsonObject>) -> Said {
        let NoArguments {} = read(arguments)?;
        match self.desk.ask(AskRequest::Routes).await {
            AskAnswer::Routes(table) => Ok(answer::routes(&table)),
            other => Err(unexpected(&other)),
        }
    }

    async fn request(&self, arguments: Option<JsonObject>) -> Said {
        let asked: RequestEgress = read(arguments)?;
        let proposal = lower::egress(&EgressRequest {
            host: asked.host,
            paths: asked.paths,
            methods: asked.methods,
            duration: asked.duration,
        });
        self.put(proposal.map_err(|error| error.to_string())?, asked.justification)
            .await
    }

    async fn propose(&self, arguments: Option<JsonObject>) -> Said {
        let asked: ProposeRoutes = read(arguments)?;
        let proposal = lower::routes(&asked.routes_yaml).map_err(|error| error.to_string())?;
        self.put(proposal, asked.justification).await
    }

    async fn check(&self, arguments: Option<JsonObject>) -> Said {
        let CheckRequest { id } = read(arguments)?;
        match self.desk.ask(AskRequest::Check { id }).await {
            AskAnswer::Asked(asked) => Ok(answer::asked(&asked, self.desk.now())),
            other => Err(unexpected(&other)),
        }
    }

    async fn explain(&self, arguments: Option<JsonObject>) -> Said {
        let ExplainDenial { id } = read(arguments)?;
        let AskAnswer::Denials(denials) = self.desk.ask(AskRequest::Denials).await else {
            return Err("the refusals cannot be read now".to_owned());
        };
        let AskAnswer::Routes(table) = self.desk.ask(AskRequest::Routes).await else {
            return Err("the table cannot be read now".to_owned());
        };
        let wanted = denials
            .iter()
            .filter(|denial| id.is_none_or(|id| denial.id == id));
        let lines: Vec<String> = wanted.map(|denial| explain(denial, &table)).collect();
        match (lines.is_empty(), id) {
            (false, _) => Ok(lines.join("\n")),
            (true, None) => Ok("nothing was refused lately".to_owned()),
            (true, Some(id)) => Err(format!("refusal {id} is not among the last ones")),
        }
    }

    async fn notify(&self, arguments: Option<JsonObject>) -> Said {
        let Notify { message } = read(arguments)?;
        match self.desk.ask(AskRequest::Notify { words: message }).await {
            AskAnswer::Noted => Ok("noted; it has no effect, and nobody will answer it".to_owned()),
            other => Err(unexpected(&other)),
        }
    }

    /// Puts a question and waits a while for its answer.
    async fn put(&self, change: RouteChange, words: String) -> Said {
        let until = Instant::now() + ANSWER_TIME;
        let mut decided = self.desk.decided();
        let proposal = Box::new(Proposal::Routes(change));
        let mut answered = self.desk.ask(AskRequest::Put { proposal, words }).await;
        loop {
            let asked = match answered {
                AskAnswer::Asked(asked) => asked,
                other => return Err(unexpected(&other)),
            };
            if !asked.state.is_pending() || !matches!(timeout_at(until, decided.changed()).await, Ok(Ok(())))
            {
                return Ok(self.say(&asked));
            }
            answered = self.desk.ask(AskRequest::Check { id: asked.id }).await;
        }
    }

    fn say(&self, asked: &Asked) -> String {
        answer::asked(asked, self.desk.now())
    }
}

fn unexpected(answer: &AskAnswer) -> String {
    match answer {
        AskAnswer::Refused(error) => error.to_string(),
        _ => "the sidecar did not understand".to_owned(),
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new(NAME, env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let result = match self.call(&request.name, request.arguments).await {
            Some(Ok(said)) => CallToolResult::success(vec![ContentBlock::text(said)]),
            // An error of the tool, so that the agent reads it.
            Some(Err(wrong)) => CallToolResult::error(vec![ContentBlock::text(wrong)]),
            None => return Err(ErrorData::invalid_params("there is no such tool", None)),
        };
        Ok(result.into())
    }
}
