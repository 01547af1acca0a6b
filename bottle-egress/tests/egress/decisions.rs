//! What is refused, and that nothing of it leaves.

use std::sync::Arc;

use bottle_wire::event::Verdict;

use crate::support::{DoorPlan, Guest, Names, Upstream, door_to, ok, route, with_auth};

const A: &str = "a.example";
const B: &str = "b.example";

async fn echo() -> Upstream {
    Upstream::answering(&[A, B], |_| ok("hello")).await
}

#[tokio::test]
async fn an_allowed_request_reaches_its_upstream() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let answer = door.tunnel(A).await.get(A, "/x?q=1").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(upstream.only().line(), "GET /x?q=1 HTTP/1.1");
    let event = door.event().await;
    assert_eq!(
        (event.verdict, event.rule.as_str(), event.path.as_str()),
        (Verdict::Allowed, A, "/x?q=*")
    );
    assert_eq!((event.status, event.received), (Some(200), 5));
}

#[tokio::test]
async fn an_unlisted_host_is_refused_inside_tls_without_a_dial() {
    let upstream = echo().await;
    let mut plan = DoorPlan::new(vec![route(A)]);
    plan.lead_to(&upstream);
    let names = Arc::new(Names::default());
    plan.resolver = Arc::clone(&names) as Arc<_>;
    let door = plan.open().await;
    let mut guest = door.tunnel("unlisted.example").await;
    for path in ["/", "/again"] {
        let answer = guest.get("unlisted.example", path).await;
        assert_eq!((answer.status, answer.rule().as_str()), (403, "not-listed"));
        assert_eq!(answer.json()["asking"]["could_help"], true);
        assert_eq!(
            answer.json()["what"],
            format!("GET https://unlisted.example{path}")
        );
    }
    assert_eq!(upstream.dials(), 0);
    assert!(names.asked.lock().unwrap().is_empty());
    assert_eq!(door.verdict().await, (Verdict::Refused, "not-listed".to_owned()));
}

#[tokio::test]
async fn other_ports_are_refused_at_connect() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    for (authority, rule) in [
        ("a.example:22", "port"),
        ("unlisted.example:8443", "not-listed"),
        ("127.1:443", "bad-target"),
    ] {
        let mut guest = door.plain().await;
        guest
            .write(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes())
            .await;
        let answer = guest.answer(false).await.unwrap();
        assert_eq!(
            (answer.status, answer.rule().as_str()),
            (403, rule),
            "{authority}"
        );
        assert!(guest.is_closed().await);
    }
    assert_eq!(upstream.dials(), 0);
}

/// Each request of a connection is decided alone: a first good one buys nothing for the second.
#[tokio::test]
async fn second_request_other_host() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A), route(B)]).await;
    let mut guest = door.tunnel(A).await;
    assert_eq!(guest.get(A, "/1").await.status, 200);
    let answer = guest.get(B, "/2").await;
    assert_eq!((answer.status, answer.rule().as_str()), (403, "host-mismatch"));
    assert_eq!(guest.get("a.example:443", "/3").await.status, 200);
    let lines: Vec<String> = upstream
        .seen()
        .iter()
        .map(|seen| seen.line().to_owned())
        .collect();
    assert_eq!(lines, ["GET /1 HTTP/1.1", "GET /3 HTTP/1.1"]);
}

#[tokio::test]
async fn a_handshake_under_another_name_is_refused() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A), route(B)]).await;
    let mut guest = Guest::tunnel(&door, "a.example:443", Some(B)).await;
    for host in [A, B] {
        assert_eq!(guest.get(host, "/").await.rule(), "host-mismatch");
    }
    assert_eq!(upstream.dials(), 0);
}

#[tokio::test]
async fn nested_connect_refused() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A), route(B)]).await;
    let mut guest = door.tunnel(A).await;
    for target in ["a.example:443", "b.example:443", "a.example:22"] {
        guest
            .write(format!("CONNECT {target} HTTP/1.1\r\nHost: a.example\r\n\r\n").as_bytes())
            .await;
        let answer = guest.answer(false).await.unwrap();
        assert_eq!((answer.status, answer.rule().as_str()), (403, "nested-connect"));
        guest = door.tunnel(A).await;
    }
    assert_eq!(upstream.dials(), 0);
}

#[tokio::test]
async fn double_encoded_path_refused() {
    let upstream = echo().await;
    let mut only_v1 = with_auth(route(A));
    only_v1.matches =
        vec![serde_json::from_str(r#"{"paths": [{"type": "prefix", "value": "/v1"}]}"#).unwrap()];
    let door = door_to(&upstream, vec![only_v1]).await;
    let mut guest = door.tunnel(A).await;
    for path in [
        "/v1/%252e%252e/admin",
        "/v1/%25%32%65/x",
        "/v1/..%2fadmin",
        "/v1/%2e%2e%5cadmin",
        "/v1/..;/admin",
    ] {
        let answer = guest.get(A, path).await;
        assert_eq!(
            (answer.status, answer.rule().as_str()),
            (400, "malformed"),
            "{path}"
        );
    }
    for path in [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "//admin/v1",
        "/v1/%2E%2e/%2e/admin",
    ] {
        let answer = guest.get(A, path).await;
        assert_eq!(
            (answer.status, answer.rule().as_str()),
            (403, "no-match"),
            "{path}"
        );
    }
    assert_eq!(upstream.dials(), 0);
    assert_eq!(guest.get(A, "/x/%2e%2e/v1//%61").await.status, 200);
    assert_eq!(upstream.only().line(), "GET /v1/a HTTP/1.1");
}

#[tokio::test]
async fn plaintext_after_connect_refused() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    for bytes in [
        "POST /leak HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "SSH-2.0-x\r\n",
        "\0",
    ] {
        let mut guest = door.plain().await;
        guest.connect("a.example:443").await;
        guest.write(bytes.as_bytes()).await;
        let answer = guest.answer(false).await.unwrap();
        assert_eq!((answer.status, answer.rule().as_str()), (403, "not-tls"));
        assert!(guest.is_closed().await);
    }
    assert_eq!(upstream.dials(), 0);
    assert_eq!(door.verdict().await, (Verdict::Refused, "not-tls".to_owned()));
}

#[tokio::test]
async fn smuggled_requests_are_refused_and_end_the_connection() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Host: b.example\r\n",
        "X: a\n",
        "X : a\r\n",
        " folded\r\n",
        "Connection: authorization\r\n",
    ] {
        let mut guest = door.tunnel(A).await;
        guest
            .write(
                format!(
                    "POST / HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n"
                )
                .as_bytes(),
            )
            .await;
        let answer = guest.answer(false).await.unwrap();
        assert_eq!(
            (answer.status, answer.rule().as_str()),
            (400, "malformed"),
            "{lines:?}"
        );
        assert!(guest.is_closed().await, "{lines:?}");
    }
    assert_eq!(upstream.dials(), 0);
}

/// What a GraphQL request does is in its body, so that is looked at first and then sent as it came.
#[tokio::test]
async fn a_forge_is_read_by_graphql_and_not_written() {
    let forge = "api.github.com";
    let upstream = Upstream::answering(&[forge], |_| ok("{}")).await;
    let door = door_to(&upstream, vec![with_auth(route(forge))]).await;
    let mut guest = door.tunnel(forge).await;
    let post = |lines: &str, body: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\nHost: {forge}\r\nContent-Type: application/json\r\n{lines}\r\n{body}"
        )
    };
    let query = r#"{"query":"{a}"}"#;
    guest
        .write(post("Content-Length: 15\r\n", query).as_bytes())
        .await;
    assert_eq!(guest.answer(false).await.unwrap().status, 200);
    guest
        .write(
            post(
                "Transfer-Encoding: chunked\r\n",
                &format!("5\r\n{}\r\na\r\n{}\r\n0\r\n\r\n", &query[..5], &query[5..]),
            )
            .as_bytes(),
        )
        .await;
    assert_eq!(guest.answer(false).await.unwrap().status, 200);
    for seen in upstream.seen() {
        assert_eq!(
            (seen.body.as_slice(), seen.values("content-length")),
            (query.as_bytes(), vec!["15"])
        );
    }
    guest
        .write(post("Content-Length: 25\r\n", r#"{"query":"mutation{aaa}"}"#).as_bytes())
        .await;
    let answer = guest.answer(false).await.unwrap();
    assert_eq!(answer.rule(), "forge-write");
    let mut guest = door.tunnel(forge).await;
    let long = format!(r#"{{"query":"{{{}}}"}}"#, "a ".repeat(40_000));
    guest
        .write(post(&format!("Content-Length: {}\r\n", long.len()), &long).as_bytes())
        .await;
    assert_eq!(guest.answer(false).await.unwrap().rule(), "forge-write");
    assert!(guest.is_closed().await);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn upgrades_are_answered_at_once() {
    let upstream = echo().await;
    let mut denying = route(A);
    denying.websocket = bottle_plan::egress::WebSocketRule::Deny;
    let door = door_to(&upstream, vec![denying, route(B)]).await;
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let answer = door.tunnel(A).await.ask("GET", A, "/", websocket).await;
    assert_eq!((answer.status, answer.rule().as_str()), (426, "websocket-denied"));
    let answer = door.tunnel(B).await.ask("GET", B, "/", websocket).await;
    assert_eq!(
        (answer.status, answer.rule().as_str()),
        (403, "websocket-unavailable")
    );
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    let answer = door.tunnel(B).await.ask("GET", B, "/", h2c).await;
    assert_eq!((answer.status, answer.rule().as_str()), (403, "upgrade"));
    assert_eq!(upstream.dials(), 0);
}

#[tokio::test]
async fn rebinding_and_numeric_hosts_refused() {
    let upstream = echo().await;
    let names = Arc::new(Names::default());
    let mut plan = DoorPlan::new(vec![route(A)]);
    plan.resolver = Arc::clone(&names) as Arc<_>;
    let door = plan.open().await;
    for answers in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "127.0.0.1"],
        &["169.254.169.254"],
        &["::ffff:127.0.0.1"],
        &["::1"],
    ] {
        let names = Arc::new(Names::default());
        names.set(A, answers);
        let mut plan = DoorPlan::new(vec![route(A)]);
        plan.resolver = names;
        let door = plan.open().await;
        let answer = door.tunnel(A).await.get(A, "/").await;
        assert_eq!(
            (answer.status, answer.rule().as_str()),
            (403, "address"),
            "{answers:?}"
        );
        assert_eq!(answer.json()["asking"]["could_help"], true);
    }
    for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254"] {
        let mut guest = Guest::tunnel(&door, &format!("{host}:443"), None).await;
        assert_eq!(guest.get(host, "/").await.rule(), "not-listed", "{host}");
    }
    for host in [
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
    ] {
        let mut guest = door.plain().await;
        guest
            .write(format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
            .await;
        assert!(
            [400, 403].contains(&guest.answer(false).await.unwrap().status),
            "{host}"
        );
    }
    assert!(names.asked.lock().unwrap().is_empty());
    assert_eq!(upstream.dials(), 0);
}

#[tokio::test]
async fn host_own_public_address_refused() {
    let names = Arc::new(Names::default());
    names.set(A, &["93.184.215.14"]);
    names.set(B, &["64:ff9b::5db8:d70e"]);
    let mut plan = DoorPlan::new(vec![route(A), route(B)]);
    plan.resolver = names;
    plan.host_addresses = vec!["93.184.215.14".parse().unwrap()];
    let door = plan.open().await;
    for host in [A, B] {
        assert_eq!(door.tunnel(host).await.get(host, "/").await.rule(), "address");
    }
}

#[tokio::test]
async fn a_route_may_name_addresses_that_are_not_public() {
    let upstream = echo().await;
    let names = Arc::new(Names::default());
    names.set(A, &["127.0.0.1"]);
    let mut inside = route(A);
    inside.ports = vec![upstream.address.port()];
    inside.addresses = vec!["127.0.0.0/8".parse().unwrap()];
    let mut plan = DoorPlan::new(vec![inside]);
    plan.roots.push(upstream.root.clone());
    plan.resolver = names;
    let door = plan.open().await;
    let authority = format!("{A}:{}", upstream.address.port());
    let mut guest = Guest::tunnel(&door, &authority, Some(A)).await;
    assert_eq!(guest.get(&authority, "/").await.text(), "hello");
}

#[tokio::test]
async fn an_upstream_with_a_certificate_of_nobody_is_not_believed() {
    let (upstream, other) = (echo().await, echo().await);
    let mut plan = DoorPlan::new(vec![with_auth(route(A))]);
    plan.lead_to(&upstream);
    plan.roots = vec![other.root.clone()];
    let door = plan.open().await;
    let answer = door.tunnel(A).await.get(A, "/").await;
    assert_eq!((answer.status, answer.rule().as_str()), (502, "upstream-tls"));
    assert!(upstream.seen().is_empty());
    assert_eq!(door.verdict().await, (Verdict::Failed, "upstream-tls".to_owned()));
}

/// The first bytes of the handshake come one by one: still no byte passes unseen.
#[tokio::test]
async fn split_client_hello_is_intercepted() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.plain().await.trickling();
    guest.connect("a.example:443").await;
    let mut guest = guest.secure(&door, "a.example:443", None).await;
    assert_eq!(guest.get(A, "/").await.text(), "hello");
    assert_eq!(guest.get("unlisted.example", "/").await.rule(), "host-mismatch");
    assert_eq!(upstream.only().line(), "GET / HTTP/1.1");
}
