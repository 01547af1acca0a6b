//! The mock answers as the real services do where the real programs look.

use std::time::Duration;

use anyhow::{Context, Result};
use bottle_tests::client;
use bottle_tests::events::Pace;
use bottle_tests::mock_model::{Answer, Fault, MockModel, Settings, ToolCall};
use bottle_tests::record::RecordedBody;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

/// `{"model":"m","stream":true}` as `zstd` compresses it.
const COMPRESSED: &[u8] = include_bytes!("mock_model/body.json.zst");

fn start(settings: Settings) -> Result<MockModel> {
    MockModel::start("127.0.0.1:0".parse()?, settings)
}

fn shell(command: &str) -> Settings {
    Settings {
        tool: Some(ToolCall::shell(command)),
        ..Settings::default()
    }
}

async fn send(
    mock: &MockModel,
    host: &str,
    request: Request<Full<Bytes>>,
) -> Result<Response<hyper::body::Incoming>> {
    client::send(mock.address(), host, mock.authority().client_config()?, request).await
}

async fn post(mock: &MockModel, host: &str, path: &str, body: &Value) -> Result<(StatusCode, String)> {
    let request = Request::post(path)
        .header("host", host)
        .body(Full::from(body.to_string()))?;
    let response = send(mock, host, request).await?;
    let status = response.status();
    Ok((
        status,
        String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?,
    ))
}

/// The data of all events of a stream.
fn events(stream: &str) -> Result<Vec<Value>> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).context("the data is no JSON"))
        .collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).collect()
}

#[tokio::test]
async fn claude_gets_a_tool_call_and_then_the_text() -> Result<()> {
    let mock = start(shell("id"))?;
    let first = json!({"model": "m", "stream": true, "tools": [{"name": "Bash"}],
        "messages": [{"role": "user", "content": "say hi"}]});
    let (status, stream) = post(&mock, "api.anthropic.com", "/v1/messages?beta=true", &first).await?;
    assert_eq!(status, StatusCode::OK);
    let call = events(&stream)?;
    assert_eq!(
        kinds(&call),
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let input = call[2]["delta"]["partial_json"].as_str().context("no input")?;
    assert_eq!(serde_json::from_str::<Value>(input)?["command"], "id");
    assert_eq!(call[4]["delta"]["stop_reason"], "tool_use");

    let mut second = first;
    second["messages"] = json!([{"role": "user", "content": [{"type": "tool_result", "content": "uid=0"}]}]);
    let (_, stream) = post(&mock, "api.anthropic.com", "/v1/messages?beta=true", &second).await?;
    let text: String = events(&stream)?
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str())
        .collect();
    assert_eq!(text, "MOCK-FINAL hello from the mock model");
    Ok(())
}

#[tokio::test]
async fn claude_without_that_tool_gets_the_text() -> Result<()> {
    let mock = start(shell("id"))?;
    let (_, whole) = post(
        &mock,
        "api.anthropic.com",
        "/v1/messages",
        &json!({"messages": []}),
    )
    .await?;
    let whole: Value = serde_json::from_str(&whole)?;
    assert_eq!(
        whole["content"][0]["text"],
        "MOCK-FINAL hello from the mock model"
    );
    assert_eq!(whole["stop_reason"], "end_turn");
    Ok(())
}

/// The item of codex's turn, from the stream's last event.
async fn codex_item(mock: &MockModel, body: &Value) -> Result<Value> {
    let (status, stream) = post(mock, "api.openai.com", "/v1/responses", body).await?;
    assert_eq!(status, StatusCode::OK);
    let events = events(&stream)?;
    let last = events.last().context("no events")?;
    assert_eq!(last["type"], "response.completed");
    last.pointer("/response/output/0").cloned().context("no item")
}

#[tokio::test]
async fn codex_gets_the_call_in_the_form_that_it_declared() -> Result<()> {
    let mock = start(shell("id"))?;
    let plain = json!({"tools": [{"type": "function", "name": "shell"}], "input": []});
    let item = codex_item(&mock, &plain).await?;
    assert_eq!(item["name"], "shell");
    assert_eq!(item["arguments"], r#"{"command":["bash","-lc","id"]}"#);

    let nested = json!({"input": [{"type": "additional_tools", "tools": [
        {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]}]}]});
    let item = codex_item(&mock, &nested).await?;
    assert_eq!(
        (&item["type"], &item["namespace"]),
        (&json!("custom_tool_call"), &json!("functions"))
    );
    assert_eq!(
        item["input"],
        "// @exec: {\"yield_time_ms\":60000}\n\
         const r = await tools.exec_command({\"cmd\":\"id\",\"yield_time_ms\":60000}); text(r.output);"
    );
    Ok(())
}

#[tokio::test]
async fn codex_gets_the_text_once_it_brings_the_result() -> Result<()> {
    let mock = start(shell("id"))?;
    let result = json!({"tools": [{"type": "function", "name": "shell"}],
        "input": [{"role": "user"}, {"type": "function_call_output"}]});
    assert_eq!(codex_item(&mock, &result).await?["type"], "message");
    let next_turn = json!({"tools": [{"type": "function", "name": "shell"}],
        "input": [{"role": "user"}, {"type": "function_call_output"}, {"role": "user"}]});
    assert_eq!(codex_item(&mock, &next_turn).await?["type"], "function_call");
    Ok(())
}

#[tokio::test]
async fn an_upgrade_is_refused_so_that_codex_goes_on_with_post() -> Result<()> {
    let mock = start(Settings::default())?;
    let request = Request::get("/v1/responses")
        .header("host", "api.openai.com")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .body(Full::default())?;
    assert_eq!(
        send(&mock, "api.openai.com", request).await?.status(),
        StatusCode::UPGRADE_REQUIRED
    );
    Ok(())
}

#[tokio::test]
async fn the_account_that_was_sent_is_among_the_answers() -> Result<()> {
    let mock = start(Settings::default())?;
    let request = Request::get("/backend-api/wham/accounts/check")
        .header("host", "chatgpt.com")
        .header("chatgpt-account-id", "acct-7")
        .body(Full::default())?;
    let body = send(&mock, "chatgpt.com", request)
        .await?
        .into_body()
        .collect()
        .await?
        .to_bytes();
    assert_eq!(
        serde_json::from_slice::<Value>(&body)?["default_account_id"],
        "acct-7"
    );
    Ok(())
}

#[tokio::test]
async fn compressed_bodies_are_recorded_decoded() -> Result<()> {
    let mock = start(Settings::default())?;
    let request = Request::post("/backend-api/codex/responses")
        .header("host", "chatgpt.com")
        .header("content-encoding", "zstd")
        .header("authorization", "Bearer placeholder")
        .body(Full::from(COMPRESSED))?;
    assert_eq!(
        send(&mock, "chatgpt.com", request).await?.status(),
        StatusCode::OK
    );
    let seen = mock
        .requests()
        .wait_for(Duration::from_secs(5), |request| request.host == "chatgpt.com")?;
    assert_eq!(
        seen.body,
        RecordedBody::Json(json!({"model": "m", "stream": true}))
    );
    assert_eq!(seen.header("authorization"), Some("Bearer placeholder"));
    Ok(())
}

#[tokio::test]
async fn faults_come_first_and_end() -> Result<()> {
    let headers = vec![("retry-after".to_owned(), "1".to_owned())];
    let answer = Answer::Status {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers,
    };
    let fault = Fault {
        host: None,
        path: "/v1/messages".to_owned(),
        answer,
        times: Some(1),
    };
    let mock = start(Settings {
        faults: vec![fault],
        ..Settings::default()
    })?;
    let statuses = [
        post(&mock, "api.anthropic.com", "/v1/messages", &json!({}))
            .await?
            .0,
        post(&mock, "api.anthropic.com", "/v1/messages", &json!({}))
            .await?
            .0,
    ];
    assert_eq!(statuses, [StatusCode::TOO_MANY_REQUESTS, StatusCode::OK]);
    Ok(())
}

#[tokio::test]
async fn a_cut_stream_has_no_end() -> Result<()> {
    let pace = Pace {
        cut_after: Some(2),
        ..Pace::default()
    };
    let mock = start(Settings {
        pace,
        ..Settings::default()
    })?;
    let request = Request::post("/v1/messages").header("host", "api.anthropic.com");
    let response = send(
        &mock,
        "api.anthropic.com",
        request.body(Full::from(r#"{"stream":true}"#))?,
    )
    .await?;
    assert!(response.into_body().collect().await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_know_the_authority_gets_no_answer() -> Result<()> {
    let (mock, other) = (start(Settings::default())?, start(Settings::default())?);
    let request = Request::get("/")
        .header("host", "api.openai.com")
        .body(Full::default())?;
    let config = other.authority().client_config()?;
    assert!(
        client::send(mock.address(), "api.openai.com", config, request)
            .await
            .is_err()
    );
    Ok(())
}
