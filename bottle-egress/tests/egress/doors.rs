//! The door itself: who may come in, what it tells, what a reload does, and what it withstands.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bottle_egress::{Listener, Resolve, limits};
use bottle_plan::egress::{EgressPlan, HostName, LogDetail, Route, RouteOwner};
use bottle_util::Secret;
use bottle_wire::event::Verdict;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::support::{DoorPlan, Guest, TOKEN, Upstream, door_to, ok, read, read_head, route, with_auth};

const A: &str = "a.example";
const B: &str = "b.example";

async fn echo() -> Upstream {
    Upstream::answering(&[A, B], |_| ok("hello")).await
}

#[tokio::test]
async fn plain_requests_are_passed_where_port_80_is_listed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap());
        }
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n"
        );
        stream.write_all(&ok("plain")).await.unwrap();
    });
    let mut listed = route(A);
    listed.ports = vec![80];
    let mut plan = DoorPlan::new(vec![listed]);
    plan.plan.resolve = vec![format!("a.example:80:{address}").parse().unwrap()];
    let door = plan.open().await;
    let mut guest = door.plain().await;
    guest
        .write(b"GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\nProxy-Connection: keep-alive\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().text(), "plain");
    guest
        .write(b"GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().rule(), "not-listed");
    guest
        .write(b"GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().rule(), "host-mismatch");
    for target in ["/", "https://a.example/"] {
        guest
            .write(format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n").as_bytes())
            .await;
        assert_eq!(guest.answer(false).await.unwrap().rule(), "malformed");
    }
}

/// What a program that knows no proxy says to an address of the relay's.
#[tokio::test]
async fn plain_requests_inside_a_tunnel_are_decided_where_the_port_is_listed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"GET /x HTTP/1.1\r\nhost: a.example\r\n"));
        stream.write_all(&ok("plain")).await.unwrap();
    });
    let mut listed = route(A);
    listed.ports = vec![80];
    let mut plan = DoorPlan::new(vec![listed]);
    plan.plan.resolve = vec![format!("a.example:80:{address}").parse().unwrap()];
    let door = plan.open().await;
    let mut guest = door.plain().await;
    guest.connect("a.example:80").await;
    assert_eq!(guest.get(A, "/x").await.text(), "plain");
    assert_eq!(guest.get(B, "/x").await.rule(), "host-mismatch");
    for (bytes, rule) in [
        (
            "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "malformed",
        ),
        (
            "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n",
            "host-mismatch",
        ),
        ("SSH-2.0-x\r\n\r\n", "malformed"),
    ] {
        let mut guest = door.plain().await;
        guest.connect("a.example:80").await;
        guest.write(bytes.as_bytes()).await;
        assert_eq!(guest.answer(false).await.unwrap().rule(), rule, "{bytes}");
    }
}

#[tokio::test]
async fn the_door_names_what_some_request_could_reach() {
    let upstream = echo().await;
    let mut wide = Route::to("*.wide.example".parse().unwrap(), RouteOwner::Manifest);
    wide.ports = vec![443, 8443];
    let door = door_to(&upstream, vec![with_auth(route(A)), wide]).await;
    let mut guest = door.plain().await;
    for (query, wanted) in [
        (
            "?name=a.example",
            Some("{\"name\":\"a.example\",\"ports\":[443]}\n"),
        ),
        (
            "?name=X.Y.Wide.Example",
            Some("{\"name\":\"x.y.wide.example\",\"ports\":[443,8443]}\n"),
        ),
        ("?name=wide.example", None),
        ("?name=b.example", None),
        ("?name=_egress.local", None),
        ("?name=127.0.0.1", None),
        ("?name=a.example&name=b.example", None),
        ("?name=", None),
        ("", None),
    ] {
        let target =
            format!("GET http://_egress.local/resolve{query} HTTP/1.1\r\nHost: _egress.local\r\n\r\n");
        guest.write(target.as_bytes()).await;
        let answer = guest.answer(false).await.unwrap();
        match wanted {
            Some(text) => assert_eq!((answer.status, answer.text().as_str()), (200, text), "{query}"),
            None => assert_eq!(
                (answer.status, answer.rule().as_str()),
                (403, "not-listed"),
                "{query}"
            ),
        }
    }
    assert_eq!(upstream.dials(), 0);
    let event = door.event().await;
    assert_eq!(
        (
            event.host.as_str(),
            event.port,
            event.method.as_str(),
            event.verdict,
            event.rule.as_str()
        ),
        ("wide.example", 53, "RESOLVE", Verdict::Refused, "not-listed")
    );
}

#[tokio::test]
async fn the_door_tells_its_table_and_counts_but_no_secret() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![with_auth(route(A))]).await;
    door.tunnel(A).await.get(A, "/").await;
    door.tunnel(B).await.get(B, "/").await;
    for _ in 0..2 {
        door.event().await;
    }
    let mut guest = door.plain().await;
    guest
        .write(b"GET http://_egress.local/allowlist HTTP/1.1\r\nHost: _egress.local\r\n\r\n")
        .await;
    let answer = guest.answer(false).await.unwrap();
    assert!(!answer.text().contains(TOKEN) && !answer.text().contains("slot"));
    let entry = &answer.json()["routes"][0];
    assert_eq!(
        (entry["host"].as_str(), entry["credential"].as_str()),
        (Some(A), Some("authorization: bearer"))
    );
    guest
        .write(b"GET http://_egress.local/metrics HTTP/1.1\r\nHost: _egress.local\r\n\r\n")
        .await;
    let counts = guest.answer(false).await.unwrap().json();
    assert_eq!(
        (&counts[A]["allowed"], &counts["not-listed"]["refused"]),
        (&1.into(), &1.into())
    );
    guest
        .write(b"GET http://_egress.local/other HTTP/1.1\r\nHost: _egress.local\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().status, 403);
}

#[tokio::test]
async fn a_port_that_others_can_reach_asks_for_its_token() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = door.server.clone();
    let token = Secret::from("let-me-in".to_owned());
    tokio::spawn(async move {
        server
            .serve(Listener::Tcp { listener, token }, std::future::pending())
            .await;
    });
    for (field, wanted) in [
        ("", 407),
        ("Proxy-Authorization: Bearer wrong\r\n", 407),
        ("Proxy-Authorization: Bearer let-me-in\r\n", 200),
        ("Proxy-Authorization: Basic eDpsZXQtbWUtaW4=\r\n", 200),
    ] {
        let mut guest = Guest::over(TcpStream::connect(address).await.unwrap());
        guest
            .write(format!("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n{field}\r\n").as_bytes())
            .await;
        if wanted == 200 {
            guest.until(b"\r\n\r\n").await.unwrap();
            let mut guest = guest.secure(&door, "a.example:443", None).await;
            assert_eq!(guest.get(A, "/").await.status, 200);
        } else {
            let answer = guest.answer(false).await.unwrap();
            assert_eq!((answer.status, answer.rule().as_str()), (407, "token"));
            assert_eq!(answer.headers["proxy-authenticate"], "Basic realm=\"bottle\"");
        }
    }
}

#[tokio::test]
async fn a_reload_decides_the_next_request_of_an_open_tunnel() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    assert_eq!(guest.get(A, "/").await.status, 200);
    door.server.reload(EgressPlan::default()).unwrap();
    assert_eq!(guest.get(A, "/").await.rule(), "not-listed");
}

#[tokio::test]
async fn a_reload_ends_streams_that_it_refuses_and_no_others() {
    let upstream = Upstream::serving(&[A, B], |mut stream, _| async move {
        read(&mut stream).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n")
            .await
            .unwrap();
        stream.flush().await.unwrap();
        let _ = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
    })
    .await;
    let door = door_to(&upstream, vec![route(A), route(B)]).await;
    let (mut cut, mut kept) = (door.tunnel(A).await, door.tunnel(B).await);
    for (guest, host) in [(&mut cut, A), (&mut kept, B)] {
        guest
            .write(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
            .await;
        guest.head().await.unwrap();
        assert_eq!(guest.chunk().await.unwrap(), b"1");
    }
    let mut plan = door.server.policy().plan().clone();
    plan.routes.retain(|route| route.host.to_string() == B);
    door.server.reload(plan).unwrap();
    assert!(cut.is_closed().await);
    let event = door.event().await;
    assert_eq!(
        (event.host.as_str(), event.verdict, event.rule.as_str()),
        (A, Verdict::Refused, "revoked")
    );
    let quiet = tokio::time::timeout(Duration::from_millis(100), kept.is_closed());
    assert!(quiet.await.is_err());
}

#[tokio::test]
async fn a_reload_ends_an_upload_that_it_refuses() {
    let (begun, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, ended) = (Arc::clone(&begun), Arc::clone(&gone));
    let upstream = Upstream::serving(&[A], move |mut stream, _| {
        let (told, ended) = (Arc::clone(&told), Arc::clone(&ended));
        async move {
            read_head(&mut stream).await;
            told.notify_one();
            while !matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)) {}
            ended.notify_one();
        }
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    guest
        .write(b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    begun.notified().await;
    door.server.reload(EgressPlan::default()).unwrap();
    let answer = guest.answer(false).await.unwrap();
    assert_eq!((answer.status, answer.rule().as_str()), (403, "revoked"));
    gone.notified().await;
}

#[tokio::test]
async fn a_policy_that_cannot_be_compiled_changes_nothing() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut plan = EgressPlan {
        routes: vec![with_auth(route(A))],
        ..EgressPlan::default()
    };
    plan.routes[0].auth.as_mut().unwrap().slot = "empty".parse().unwrap();
    assert!(door.server.reload(plan).is_err());
    assert_eq!(door.tunnel(A).await.get(A, "/").await.status, 200);
}

#[tokio::test]
async fn a_route_lets_out_so_many_requests_a_minute() {
    let upstream = echo().await;
    let mut listed = route(A);
    listed.limits.requests_per_minute = Some(3);
    let door = door_to(&upstream, vec![listed]).await;
    let mut guest = door.tunnel(A).await;
    for _ in 0..3 {
        assert_eq!(guest.get(A, "/").await.status, 200);
    }
    let answer = guest.get(A, "/").await;
    assert_eq!((answer.status, answer.rule().as_str()), (429, "rate"));
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    assert_eq!(guest.get(A, "/").await.status, 200);
    door.stop_recording().await;
    let answer = guest.get(A, "/").await;
    assert_eq!((answer.status, answer.rule().as_str()), (503, "unrecorded"));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn events_show_headers_where_asked_and_never_credentials() {
    let upstream = echo().await;
    let mut plan = DoorPlan::new(vec![with_auth(route(A))]);
    plan.lead_to(&upstream);
    plan.plan.log = LogDetail::Headers;
    let door = plan.open().await;
    let fields = "Authorization: Bearer guest\r\nX-Team: blue\r\n";
    door.tunnel(A)
        .await
        .ask("GET", A, "/Abcdefghijklmnopqrstuvwxyz0123/x?q=guest", fields)
        .await;
    let event = door.event().await;
    assert_eq!(event.path, "/*/x?q=*");
    let header = |name: &str| {
        event
            .headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(
        (header("x-team"), header("authorization")),
        (Some("blue"), Some("*"))
    );
}

/// A long or odd header cannot crowd out an event, nor draw on the terminal of whoever reads it.
#[tokio::test]
async fn headers_in_events_are_short_and_plain() {
    let upstream = echo().await;
    let mut plan = DoorPlan::new(vec![route(A)]);
    plan.lead_to(&upstream);
    plan.plan.log = LogDetail::Headers;
    let door = plan.open().await;
    let (name, value) = ("n".repeat(20_000), "v".repeat(20_000));
    let fields = format!("{name}: x\r\nX-Long: {value}\r\nX-Odd: a\u{202e}b\u{9b}c\u{200b}\r\n");
    door.tunnel(A).await.ask("GET", A, "/", &fields).await;
    let event = door.event().await;
    let named = |wanted: &str| event.headers.iter().find(|(name, _)| name == wanted).unwrap();
    assert_eq!(named(&"n".repeat(64)).1, "x");
    assert_eq!(named("x-long").1, "v".repeat(256));
    assert_eq!(named("x-odd").1, "a\\u{202e}b\\u{9b}c\\u{200b}");
}

/// A resolver with a fault: it stands for any fault in one connection's code.
struct Faulty(AtomicUsize);

impl Resolve for Faulty {
    fn resolve(
        &self,
        _: &HostName,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<std::net::IpAddr>>> + Send>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a fault");
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let upstream = echo().await;
    let mut plan = DoorPlan::new(vec![route(A)]);
    plan.lead_to(&upstream);
    plan.plan.routes.push(route(B));
    let faulty = Arc::new(Faulty(AtomicUsize::new(0)));
    plan.resolver = Arc::clone(&faulty) as Arc<_>;
    let door = plan.open().await;
    let (mut other, mut guest) = (door.tunnel(A).await, door.tunnel(B).await);
    guest.write(b"GET / HTTP/1.1\r\nHost: b.example\r\n\r\n").await;
    assert!(guest.is_closed().await);
    assert_eq!(faulty.0.load(Ordering::SeqCst), 1);
    assert_eq!(door.event().await.host, B);
    assert_eq!(other.get(A, "/").await.status, 200);
    assert_eq!(door.tunnel(A).await.get(A, "/").await.status, 200);
}

/// Time passes by itself here whenever nothing else happens.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_in_time_is_refused() {
    let door = DoorPlan::new(vec![route(A)]).open().await;
    let mut guest = door.plain().await;
    guest.write(b"GET http://a.example/ HTTP/1.1\r\nHost: a.ex").await;
    let began = tokio::time::Instant::now();
    let answer = guest.patiently().answer(false).await.unwrap();
    assert_eq!((answer.status, answer.rule().as_str()), (400, "malformed"));
    assert!(began.elapsed() >= limits::HEAD_TIME && began.elapsed() < limits::HEAD_TIME * 2);
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let door = DoorPlan::new(vec![route(A)]).open().await;
    let mut guest = door.plain().await;
    let long = format!(
        "GET http://a.example/ HTTP/1.1\r\nX: {}",
        "x".repeat(limits::HEAD_BYTES)
    );
    guest.write(long.as_bytes()).await;
    assert_eq!(guest.answer(false).await.unwrap().rule(), "malformed");
    assert!(guest.is_closed().await);
}

#[tokio::test]
async fn more_connections_than_there_may_be_are_closed_at_once() {
    let door = DoorPlan::new(vec![route(A)]).open().await;
    let mut kept = Vec::new();
    for _ in 0..limits::CONNECTIONS {
        kept.push(door.plain().await);
    }
    let mut one_more = door.plain().await;
    assert!(one_more.is_closed().await);
    kept.truncate(10);
    let mut admitted = false;
    while !admitted {
        let mut guest = door.plain().await;
        let wrote = guest
            .try_write(b"GET http://_egress.local/metrics HTTP/1.1\r\nHost: _egress.local\r\n\r\n")
            .await;
        admitted = wrote.is_ok() && guest.answer(false).await.is_ok();
    }
}

/// Time passes by itself here whenever nothing else happens.
#[tokio::test(start_paused = true)]
async fn a_tunnel_without_a_handshake_ends() {
    let door = DoorPlan::new(vec![route(A)]).open().await;
    for beginning in [&b""[..], &[0x16, 3, 1, 2, 0, 1]] {
        let mut guest = door.plain().await;
        guest.connect("a.example:443").await;
        guest.write(beginning).await;
        let began = tokio::time::Instant::now();
        assert!(guest.patiently().is_closed().await);
        assert!(began.elapsed() <= limits::HANDSHAKE_TIME * 3);
    }
}
