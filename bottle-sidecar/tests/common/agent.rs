//! An agent's MCP client: one request, one answer.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde_json::{Value, json};

/// How long one answer may take: longer than a call waits for a human.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(50);

/// A client that speaks to a door's socket.
#[derive(Clone)]
pub(crate) struct Agent {
    socket: PathBuf,
    version: &'static str,
}

impl Agent {
    pub(crate) fn new(socket: PathBuf, version: &'static str) -> Self {
        Self { socket, version }
    }

    /// Sends bytes as they are, and returns all that comes back.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Posts JSON and returns the status line and the body.
    pub(crate) fn post(&self, body: &str) -> (String, String) {
        let version = self.version;
        let answer = self.raw(
            format!(
                "POST / HTTP/1.1\r\nHost: supervise:9100\r\nAccept: application/json, text/event-stream\r\n\
                 Content-Type: application/json\r\nMCP-Protocol-Version: {version}\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (
            head.lines().next().unwrap_or_default().to_owned(),
            body.to_owned(),
        )
    }

    /// Makes one JSON-RPC call and returns the whole answer.
    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, answer) = self.post(&body.to_string());
        let start = answer
            .find('{')
            .unwrap_or_else(|| panic!("{method}: {status} {answer}"));
        let mut values = serde_json::Deserializer::from_str(&answer[start..]).into_iter();
        values.next().unwrap().unwrap()
    }

    /// Calls a tool; returns its words, and whether they are an error.
    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> (String, bool) {
        let answer = self.rpc("tools/call", &json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("{answer}"));
        (text.to_owned(), result["isError"] == true)
    }

    /// Asks for a host in the background.
    pub(crate) fn ask(&self, host: &str) -> std::thread::JoinHandle<(String, bool)> {
        let agent = self.clone();
        let arguments = json!({"host": host, "justification": "a test"});
        std::thread::spawn(move || agent.call("request_egress", &arguments))
    }
}
