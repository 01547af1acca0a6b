//! Starts the mock of the model services by hand, to try an agent program against it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::connect_proxy::ConnectProxy;
use bottle_tests::events::Pace;
use bottle_tests::mock_model::{MockModel, Settings, ToolCall};
use bottle_tests::record::RequestLog;
use clap::Parser;
use hyper::StatusCode;

/// A mock of the services that Claude Code and Codex speak to; ends with Ctrl-C
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen, with TLS
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where to listen as a proxy that leads every host to the mock, for HTTPS_PROXY
    #[arg(long)]
    proxy: Option<SocketAddr>,
    /// Where to write the certificate that signed the mock's own
    #[arg(long, default_value = "mock-model-ca.pem")]
    ca_out: PathBuf,
    /// Where to write each request, one JSON document a line
    #[arg(long, default_value = "mock-model.jsonl")]
    log: PathBuf,
    /// The final text of every turn
    #[arg(long)]
    text: Option<String>,
    /// A command that every turn runs first
    #[arg(long)]
    tool_command: Option<String>,
    /// Milliseconds between streamed events
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// The answer to a WebSocket upgrade
    #[arg(long, default_value = "426")]
    upgrade: StatusCode,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let log =
        File::create(&options.log).with_context(|| format!("cannot write {}", options.log.display()))?;
    let default = Settings::default();
    let settings = Settings {
        text: options.text.unwrap_or(default.text),
        tool: options.tool_command.as_deref().map(ToolCall::shell),
        pace: Pace {
            delay: Duration::from_millis(options.delay),
            cut_after: None,
        },
        upgrade: options.upgrade,
        ..Settings::default()
    };
    let model = MockModel::start_with_log(options.listen, settings, RequestLog::with_file(log))?;
    fs::write(&options.ca_out, model.authority().certificate_pem())?;
    println!(
        "mock model on https://{}, signed by {}",
        model.address(),
        options.ca_out.display()
    );
    let proxy = options
        .proxy
        .map(|listen| ConnectProxy::start(listen, model.address()))
        .transpose()?;
    if let Some(proxy) = &proxy {
        println!("proxy for all its hosts on http://{}", proxy.address());
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_to_be_given() {
        let options = Options::try_parse_from(["mock-model"]).unwrap();
        assert_eq!(options.upgrade, StatusCode::UPGRADE_REQUIRED);
    }
}
