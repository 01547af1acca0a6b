//! The public MCP conformance suite, its server scenarios, against the supervise door of a real sidecar.
#![cfg(test)]

mod common;

use std::path::PathBuf;
use std::process::Command;

use bottle_plan::egress::EgressPlan;
use bottle_wire::boot::{Boot, BootAnswer};
use common::Relay;
use common::agent::Agent;
use common::sidecar::{Sidecar, boot};
use common::skip::skip;
use serde_json::json;

/// The scenarios that ask for nothing but the protocol: all of them must pass.
const SCENARIOS: [&str; 4] = [
    "server-initialize",
    "ping",
    "tools-list",
    "dns-rebinding-protection",
];

/// The scenarios that ask for a test server's own tools, prompts and resources, or for features that a server may have
/// and this one has not; each with what it asks for. Whatever is in neither list is new in the suite.
const EXCEPTIONS: [(&str, &str); 28] = [
    (
        "logging-set-level",
        "the optional logging capability, which the server does not declare",
    ),
    (
        "completion-complete",
        "the optional completions capability, which the server does not declare",
    ),
    ("tools-call-simple-text", "a tool named test_simple_text"),
    ("tools-call-image", "a tool named test_image_content"),
    ("tools-call-audio", "a tool named test_audio_content"),
    (
        "tools-call-embedded-resource",
        "a tool named test_embedded_resource",
    ),
    (
        "tools-call-mixed-content",
        "a tool named test_multiple_content_types",
    ),
    ("tools-call-with-logging", "a tool named test_tool_with_logging"),
    ("tools-call-error", "a tool named test_error_handling"),
    ("tools-call-with-progress", "a tool named test_tool_with_progress"),
    (
        "tools-call-sampling",
        "a tool named test_sampling, which asks the client's model: the server never does",
    ),
    (
        "tools-call-elicitation",
        "a tool named test_elicitation, which asks the client's user: the server never does",
    ),
    ("json-schema-2020-12", "a tool named json_schema_2020_12_tool"),
    (
        "elicitation-sep1034-defaults",
        "a tool that asks the client's user",
    ),
    (
        "server-sse-polling",
        "a tool named test_reconnection, and resumable streams, which a server without sessions has not",
    ),
    (
        "server-sse-multiple-streams",
        "a session: the server has none, and answers each request on its own",
    ),
    ("elicitation-sep1330-enums", "a tool that asks the client's user"),
    (
        "resources-list",
        "the optional resources capability, which the server does not declare",
    ),
    ("resources-read-text", "a resource of the test server's"),
    ("resources-read-binary", "a resource of the test server's"),
    ("resources-templates-read", "a resource of the test server's"),
    ("resources-subscribe", "a resource of the test server's"),
    ("resources-unsubscribe", "a resource of the test server's"),
    (
        "prompts-list",
        "the optional prompts capability, which the server does not declare",
    ),
    ("prompts-get-simple", "a prompt of the test server's"),
    ("prompts-get-with-args", "a prompt of the test server's"),
    ("prompts-get-embedded-resource", "a prompt of the test server's"),
    ("prompts-get-with-image", "a prompt of the test server's"),
];

struct Suite {
    folder: PathBuf,
}

impl Suite {
    /// Finds the suite among the tools of whoever builds this: `cargo xtask test` puts it there.
    #[expect(
        clippy::disallowed_methods,
        reason = "tools of a build lie where their user's caches do"
    )]
    fn find() -> Option<Self> {
        let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = named.or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
        let suite = Self {
            folder: cache.join("bottle-tools/mcp-conformance"),
        };
        (suite.program().is_file() && suite.node().is_file()).then_some(suite)
    }

    fn program(&self) -> PathBuf {
        self.folder
            .join("node_modules/@modelcontextprotocol/conformance/dist/index.js")
    }

    fn node(&self) -> PathBuf {
        self.folder.join("node_modules/node/bin/node")
    }

    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(self.node());
        let results = tempfile::tempdir().unwrap();
        let ran = command
            .arg(self.program())
            .args(arguments)
            .current_dir(results.path())
            .output()
            .unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

/// What the exceptions say of the server: it declares tools and nothing else, and none that only a test server has.
fn assert_justified(socket: PathBuf) {
    let agent = Agent::new(socket, "2025-06-18");
    let client = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let declared = &agent.rpc("initialize", &client)["result"]["capabilities"];
    let declared: Vec<&String> = declared.as_object().unwrap().keys().collect();
    assert_eq!(declared, ["tools"]);
    let tools = agent.rpc("tools/list", &json!({}));
    for tool in tools["result"]["tools"].as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        assert!(!EXCEPTIONS.iter().any(|(_, why)| why.contains(name)), "{name}");
    }
}

#[test]
fn the_public_conformance_suite_passes() {
    let Some(suite) = Suite::find() else {
        return skip(
            "missing: the MCP conformance suite (cargo xtask test --only tests): the_public_conformance_suite_passes",
        );
    };
    let (listed, list) = suite.run(&["list", "--server"]);
    assert!(listed, "{list}");
    let words = list.lines().filter_map(|line| line.trim().strip_prefix("- "));
    let mut names: Vec<&str> = words.filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    let mut known: Vec<&str> = EXCEPTIONS
        .iter()
        .map(|(name, _)| *name)
        .chain(SCENARIOS)
        .collect();
    known.sort_unstable();
    assert_eq!(names, known);
    let mut sidecar = Sidecar::start();
    let boot = Boot {
        supervise: true,
        ..boot(EgressPlan::default())
    };
    assert!(matches!(sidecar.boot(&boot), BootAnswer::Ready { .. }));
    assert_justified(sidecar.path("doors/supervise.sock"));
    let relay = Relay::start(&sidecar.path("doors/supervise.sock"));
    let url = format!("http://localhost:{}/mcp", relay.port);
    for scenario in SCENARIOS {
        let (passed, said) = suite.run(&["server", "--url", &url, "--scenario", scenario]);
        assert!(passed, "{scenario}: {said}");
    }
}
