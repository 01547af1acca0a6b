//! The few calls of the Docker Engine that starting containers bare needs, without anything between.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// An engine behind a socket.
#[derive(Debug)]
pub(crate) struct Engine {
    socket: PathBuf,
}

/// A container that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Container<'engine> {
    engine: &'engine Engine,
    id: String,
}

const ANSWER: Duration = Duration::from_secs(60);

impl Engine {
    /// The engine behind that socket, if it answers.
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        let socket = socket.to_owned();
        let engine = Self { socket };
        engine
            .call("GET", "/_ping", "")
            .context("no Docker Engine answers")?;
        Ok(engine)
    }

    /// The image that a container was made from.
    pub(crate) fn image_of(&self, container: &str) -> Result<String> {
        let answer: Value =
            serde_json::from_str(&self.call("GET", &format!("/containers/{container}/json"), "")?)?;
        text(&answer, "Image")
    }

    /// Makes and starts a container.
    pub(crate) fn start(&self, image: &str, entrypoint: &[&str], network: &str) -> Result<Container<'_>> {
        let body = json!({
            "Image": image,
            "Entrypoint": entrypoint,
            "Cmd": [],
            "User": "0:0",
            "OpenStdin": true,
            "Labels": {"bottle.bench": "bare"},
            "HostConfig": {"NetworkMode": network, "Tmpfs": {"/doors": "", "/events": "", "/run/bottle": "mode=0700"}},
        });
        let answer: Value =
            serde_json::from_str(&self.call("POST", "/containers/create", &body.to_string())?)?;
        let id = text(&answer, "Id")?;
        let container = Container { engine: self, id };
        self.call("POST", &format!("/containers/{}/start", container.id), "")?;
        Ok(container)
    }

    /// Sends one request on a connection of its own. In version 1.0 answers end with the connection, in no chunks.
    fn call(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(ANSWER))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .context("the engine's answer has no head")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        ensure!(
            status.starts_with('2'),
            "{method} {path}: {status} {}",
            body.trim()
        );
        Ok(body.to_owned())
    }
}

impl Container<'_> {
    /// Runs a command to its end.
    pub(crate) fn exec(&self, argv: &[&str]) -> Result<()> {
        let body = json!({"Cmd": argv, "AttachStdout": true, "AttachStderr": true}).to_string();
        let path = format!("/containers/{}/exec", self.id);
        let made: Value = serde_json::from_str(&self.engine.call("POST", &path, &body)?)?;
        let path = format!("/exec/{}", text(&made, "Id")?);
        self.engine.call(
            "POST",
            &format!("{path}/start"),
            "{\"Detach\":false,\"Tty\":false}",
        )?;
        let ended: Value = serde_json::from_str(&self.engine.call("GET", &format!("{path}/json"), "")?)?;
        ensure!(
            ended.get("ExitCode") == Some(&json!(0)),
            "{argv:?} failed: {ended}"
        );
        Ok(())
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let path = format!("/containers/{}?force=true&v=true", self.id);
        if let Err(error) = self.engine.call("DELETE", &path, "") {
            eprintln!("container {} is left over: {error:#}", self.id);
        }
    }
}

fn text(value: &Value, field: &str) -> Result<String> {
    let text = value.get(field).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("the engine says no {field}"))?
        .to_owned())
}
