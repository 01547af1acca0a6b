//! A mock of the services that Claude Code and Codex speak to: Anthropic's Messages, OpenAI's Responses and the same
//! behind a ChatGPT login, for all of their hosts at one address, told apart by path.
//!
//! A turn is scripted: with a tool call, the first model call of a turn answers that call, and the one that brings its
//! result answers the final text. What the programs need beyond that was measured on claude 2.1.330 and codex 0.169.0.

mod anthropic;
mod body;
mod openai;
mod script;
mod settings;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

pub use crate::mock_model::script::ToolCall;
pub use crate::mock_model::settings::{Answer, Fault, Settings};

use crate::authority::TestAuthority;
use crate::events;
use crate::mock_model::script::Ids;
use crate::record::{Recorded, RecordedBody, RequestLog};
use crate::reply::Reply;
use crate::server::{Connection, Server, Service};

/// Every host that the programs may name, all of which the mock has a certificate for.
pub const HOSTS: &[&str] = &[
    "api.anthropic.com",
    "platform.claude.com",
    "api.openai.com",
    "chatgpt.com",
    "ab.chatgpt.com",
    "auth.openai.com",
    "localhost",
];

/// A running mock.
#[derive(Debug)]
pub struct MockModel {
    server: Server,
    authority: TestAuthority,
    desk: Arc<Desk>,
}

/// What the server's thread and the test share.
#[derive(Debug)]
struct Desk {
    settings: Mutex<Settings>,
    requests: RequestLog,
    ids: Ids,
}

impl MockModel {
    /// Starts the mock; a port of 0 lets the system choose one.
    pub fn start(listen: SocketAddr, settings: Settings) -> Result<Self> {
        Self::start_with_log(listen, settings, RequestLog::default())
    }

    /// Starts the mock with a log that the caller made.
    pub fn start_with_log(listen: SocketAddr, settings: Settings, requests: RequestLog) -> Result<Self> {
        let authority = TestAuthority::new("mock model authority")?;
        let desk = Arc::new(Desk {
            settings: Mutex::new(settings),
            requests,
            ids: Ids::default(),
        });
        let server = Server::start(listen, Some(authority.server_config(HOSTS)?), Arc::clone(&desk))?;
        Ok(Self {
            server,
            authority,
            desk,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Who signed its certificate.
    #[must_use]
    pub fn authority(&self) -> &TestAuthority {
        &self.authority
    }

    /// What it was asked.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.desk.requests
    }

    /// Changes what it does from the next request on.
    pub fn set(&self, settings: Settings) {
        *self.desk.settings() = settings;
    }
}

impl Service for Desk {
    async fn answer(&self, request: Request<Incoming>, _connection: Connection) -> Reply {
        let (head, incoming) = request.into_parts();
        let body = match body::read(&head, incoming).await {
            Ok(body) => body,
            Err(error) => return Reply::full(StatusCode::BAD_REQUEST, format!("{error:#}\n")),
        };
        let request = Recorded::new(&head, body);
        self.requests.push(request.clone());
        let (settings, fault) = {
            let mut settings = self.settings();
            let fault = settings.take_fault(&request.host, head.uri.path());
            (settings.clone(), fault)
        };
        match fault {
            Some(Answer::Silence) => std::future::pending().await,
            Some(Answer::Status { status, headers }) => forced(status, &headers),
            None => self.reply(&head, &request.body, &settings),
        }
    }
}

impl Desk {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, head: &Parts, body: &RecordedBody, settings: &Settings) -> Reply {
        let path = head.uri.path();
        let nothing = Value::Null;
        let body = body.json().unwrap_or(&nothing);
        if head.headers.contains_key(header::UPGRADE) {
            return Reply::json(
                settings.upgrade,
                &json!({"error": {"message": "no upgrade here"}}),
            );
        }
        match (&head.method, path) {
            (&Method::POST, path) if path.ends_with("/v1/messages") => {
                anthropic::reply(body, settings, &self.ids)
            }
            (&Method::POST, path) if path.ends_with("/v1/messages/count_tokens") => {
                Reply::json(StatusCode::OK, &json!({"input_tokens": 10}))
            }
            (&Method::POST, path) if path.ends_with("/responses") => openai::reply(body, settings, &self.ids),
            (&Method::GET, "/backend-api/wham/accounts/check") => accounts(head, settings),
            _ => Reply::json(
                settings.other,
                &json!({"type": "error", "error": {"type": "not_found_error", "message": format!("mock: {path}")}}),
            ),
        }
    }
}

/// Codex asks this before its first model call and goes on only if its own account is among the answers.
fn accounts(head: &Parts, settings: &Settings) -> Reply {
    let sent = head
        .headers
        .get("chatgpt-account-id")
        .and_then(|value| value.to_str().ok());
    let account = settings.account.as_deref().or(sent).unwrap_or("acct-unknown");
    let answer = json!({
        "accounts": [{
            "id": account,
            "workspace_backend_origin": "https://chatgpt.com",
            "account_routing_override": "NO_CONSTRAINT",
        }],
        "account_ordering": [account],
        "default_account_id": account,
    });
    Reply::json(StatusCode::OK, &answer)
}

fn forced(status: StatusCode, headers: &[(String, String)]) -> Reply {
    let message = format!("forced status {}", status.as_u16());
    let error = json!({"type": "error", "error": {"type": "mock_error", "message": message}});
    headers
        .iter()
        .fold(Reply::json(status, &error), |reply, (name, value)| {
            reply.with_text(name, value)
        })
}

/// A model's answer, streamed if the request asked for that.
fn whole_or_streamed(streams: bool, whole: &Value, events: Vec<events::Event>, settings: &Settings) -> Reply {
    if streams {
        events::reply(events, settings.pace)
    } else {
        Reply::json(StatusCode::OK, whole)
    }
}
