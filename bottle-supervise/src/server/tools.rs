//! The tools as they are declared to the agent.

use rmcp::model::{JsonObject, Tool};
use serde_json::{Value, json};

/// What the server says of itself when a client connects.
pub(super) const INSTRUCTIONS: &str = "You run in a bottle: only listed hosts can be reached. When a request is \
refused (403 with X-Bottle-Decision), call explain_denial, and request_egress to ask a person for the host. An answer \
of \"pending, id N\" means that nobody has answered yet: go on with other work and call check_request later. A person \
decides; asking again does not help, and no answer means no.";

const JUSTIFICATION: &str = "Why it is needed, for the person who decides: one or two plain sentences.";

/// Returns every tool.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        tool(
            "list_egress_routes",
            "Lists what this bottle may reach now.",
            &json!({}),
            &[],
        ),
        tool(
            "request_egress",
            "Asks a person to let this bottle reach one more host over HTTPS (port 443, without a credential). Waits up to 30 s, then answers \"pending, id N\".",
            &json!({
                "host": {"type": "string", "description": "Exactly one host name, without scheme, port or wildcard."},
                "paths": {"type": "array", "items": {"type": "string"}, "description": "Path prefixes such as /v1; all paths without it. Narrow requests are approved more easily."},
                "methods": {"type": "array", "items": {"type": "string"}, "description": "HTTP methods such as GET; all without it."},
                "duration": {"type": "string", "description": "How long it is needed: 30m, 2h. The person decides."},
                "justification": {"type": "string", "description": JUSTIFICATION},
            }),
            &["host", "justification"],
        ),
        tool(
            "propose_routes",
            "Asks a person for several changes of the reachable hosts at once. Waits up to 30 s, then answers \"pending, id N\".",
            &json!({
                "routes_yaml": {"type": "string", "description": "YAML with `routes:`, a list of {host, matches?} to add, and `remove:`, a list of hosts without a credential to give up."},
                "justification": {"type": "string", "description": JUSTIFICATION},
            }),
            &["routes_yaml", "justification"],
        ),
        tool(
            "check_request",
            "Says how an earlier question stands; also one that the git gate raised about a push.",
            &json!({"id": {"type": "integer", "minimum": 0, "description": "The id that was answered."}}),
            &["id"],
        ),
        tool(
            "explain_denial",
            "Lists the last requests that were refused, why, and what could allow them.",
            &json!({"id": {"type": "integer", "minimum": 0, "description": "Only this refusal."}}),
            &[],
        ),
        tool(
            "notify",
            "Leaves a line for the person who watches. It has no effect and gets no answer.",
            &json!({"message": {"type": "string", "description": "At most 2000 bytes."}}),
            &["message"],
        ),
    ]
}

fn tool(name: &'static str, description: &'static str, properties: &Value, required: &[&str]) -> Tool {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.clone());
    schema.insert("required".to_owned(), json!(required));
    schema.insert("additionalProperties".to_owned(), false.into());
    Tool::new(name, description, schema)
}
