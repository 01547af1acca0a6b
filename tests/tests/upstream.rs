//! The upstream does what its table says.

use std::net::SocketAddr;

use anyhow::Result;
use bottle_tests::client;
use bottle_tests::upstream::{Upstream, sha256_of_bytes};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

const NAME: &str = "upstream.example";

fn anywhere() -> Result<SocketAddr> {
    Ok("127.0.0.1:0".parse()?)
}

fn start() -> Result<Upstream> {
    Upstream::start(anywhere()?, &[NAME])
}

async fn send(upstream: &Upstream, request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
    client::send(
        upstream.address(),
        NAME,
        upstream.authority().client_config()?,
        request,
    )
    .await
}

async fn get(upstream: &Upstream, path: &str) -> Result<Response<Incoming>> {
    send(
        upstream,
        Request::get(path).header("host", NAME).body(Full::default())?,
    )
    .await
}

/// How many bytes arrive, and whether the body ends as it should.
async fn count(mut body: Incoming) -> (usize, bool) {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

#[tokio::test]
async fn echo_shows_headers_and_body() -> Result<()> {
    let upstream = start()?;
    let request = Request::put("/echo?x=1")
        .header("host", NAME)
        .header("x-team", "blue");
    let body = send(&upstream, request.body(Full::from("hello"))?)
        .await?
        .into_body()
        .collect()
        .await?;
    let echo: Value = serde_json::from_slice(&body.to_bytes())?;
    assert_eq!(
        (&echo["method"], &echo["path"]),
        (&"PUT".into(), &"/echo?x=1".into())
    );
    assert_eq!(echo["body"]["text"], "hello");
    assert!(echo["headers"].to_string().contains(r#"["x-team","blue"]"#));
    assert_eq!(upstream.requests().all().len(), 1);
    Ok(())
}

#[tokio::test]
async fn large_bodies_are_as_long_as_asked_for() -> Result<()> {
    let upstream = start()?;
    for path in ["/bytes/200001", "/chunked/200001"] {
        assert_eq!(
            count(get(&upstream, path).await?.into_body()).await,
            (200_001, true),
            "{path}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_upload_is_counted_and_hashed() -> Result<()> {
    let upstream = start()?;
    let request = Request::post("/upload")
        .header("host", NAME)
        .body(Full::from(vec![0; 70_000]))?;
    let body = send(&upstream, request).await?.into_body().collect().await?;
    let answer: Value = serde_json::from_slice(&body.to_bytes())?;
    assert_eq!(
        (&answer["bytes"], &answer["sha256"]),
        (&70_000.into(), &sha256_of_bytes(70_000).into())
    );
    Ok(())
}

#[tokio::test]
async fn each_event_arrives_before_the_next_is_sent() -> Result<()> {
    let upstream = start()?;
    let mut body = get(&upstream, "/events").await?.into_body();
    for event in ["one", "two"] {
        upstream.push_event(event);
        let frame = body
            .frame()
            .await
            .transpose()?
            .and_then(|frame| frame.into_data().ok());
        assert_eq!(frame, Some(Bytes::from(format!("data: {event}\n\n"))));
    }
    upstream.end_events();
    assert!(body.frame().await.is_none());
    Ok(())
}

#[tokio::test]
async fn a_reset_is_an_error_and_not_an_end() -> Result<()> {
    let upstream = start()?;
    // A reset may overtake what was sent before it, even the head.
    let ended = match get(&upstream, "/reset/100").await {
        Ok(response) => count(response.into_body()).await.1,
        Err(_) => false,
    };
    assert!(!ended);
    Ok(())
}

#[tokio::test]
async fn a_stalled_body_stays_open_after_its_first_bytes() -> Result<()> {
    let upstream = start()?;
    let mut body = get(&upstream, "/stall/10").await?.into_body();
    let frame = body
        .frame()
        .await
        .transpose()?
        .and_then(|frame| frame.into_data().ok());
    assert_eq!(frame.map(|data| data.len()), Some(10));
    drop(upstream);
    assert!(!count(body).await.1, "only the end of the server ended it");
    Ok(())
}

#[tokio::test]
async fn an_expired_certificate_is_refused_by_a_careful_client() -> Result<()> {
    let upstream = Upstream::start_with(anywhere()?, |authority| {
        authority.expired_server_config(&[NAME]).map(Some)
    })?;
    assert!(get(&upstream, "/echo").await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_plain_upstream_speaks_without_tls() -> Result<()> {
    let upstream = Upstream::start_plain(anywhere()?)?;
    let request = Request::get("/status/418")
        .header("host", NAME)
        .body(Full::default())?;
    assert_eq!(
        client::send_plain(upstream.address(), request).await?.status(),
        StatusCode::IM_A_TEAPOT
    );
    Ok(())
}
