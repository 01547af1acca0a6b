//! Bodies stream both ways, and what breaks on one side breaks on the other.

use std::sync::Arc;

use bottle_plan::size::ByteSize;
use bottle_wire::event::Verdict;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use crate::support::{Stream, Upstream, door_to, ok, read, read_head, route, with_auth};

const A: &str = "a.example";

async fn say(stream: &mut Stream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// The upstream holds each event back until the guest has seen the one before, with a credential to search for or not.
#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    for auth in [false, true] {
        let seen = Arc::new(Notify::new());
        let wait = Arc::clone(&seen);
        let upstream = Upstream::serving(&[A], move |mut stream, _| {
            let wait = Arc::clone(&wait);
            async move {
                read(&mut stream).await.unwrap();
                say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n").await;
                for number in 0..5 {
                    say(&mut stream, &format!("9\r\ndata: {number}\n\n\r\n")).await;
                    wait.notified().await;
                }
                say(&mut stream, "0\r\n\r\n").await;
            }
        })
        .await;
        let listed = if auth { with_auth(route(A)) } else { route(A) };
        let door = door_to(&upstream, vec![listed]).await;
        let mut guest = door.tunnel(A).await;
        guest
            .write(b"GET /events HTTP/1.1\r\nHost: a.example\r\n\r\n")
            .await;
        let (status, _) = guest.head().await.unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK");
        for number in 0..5 {
            assert_eq!(
                guest.chunk().await.unwrap(),
                format!("data: {number}\n\n").into_bytes()
            );
            seen.notify_one();
        }
        assert!(guest.chunk().await.unwrap().is_empty());
    }
}

/// The upstream answers each piece of the request's body before the guest sends the next one.
#[tokio::test]
async fn request_bodies_stream_while_the_answer_does() {
    let upstream = Upstream::serving(&[A], |mut stream, _| async move {
        read_head(&mut stream).await;
        say(
            &mut stream,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .await;
        for _ in 0..3 {
            let mut piece = [0; 8];
            stream.read_exact(&mut piece).await.unwrap();
            assert_eq!(&piece, b"3\r\nabc\r\n");
            say(&mut stream, "2\r\nok\r\n").await;
        }
        stream.read_exact(&mut [0; 5]).await.unwrap();
        say(&mut stream, "0\r\n\r\n").await;
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    guest
        .write(b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    guest.head().await.unwrap();
    for _ in 0..3 {
        guest.write(b"3\r\nabc\r\n").await;
        assert_eq!(guest.chunk().await.unwrap(), b"ok");
    }
    guest.write(b"0\r\n\r\n").await;
    assert!(guest.chunk().await.unwrap().is_empty());
}

#[tokio::test]
async fn bodies_arrive_whole_in_every_framing() {
    let upstream = Upstream::answering(&[A], |seen| ok(&String::from_utf8_lossy(&seen.body))).await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    let big = "x".repeat(300_000);
    guest
        .write(
            format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 300000\r\n\r\n{big}").as_bytes(),
        )
        .await;
    assert_eq!(guest.answer(false).await.unwrap().text(), big);
    guest
        .write(
            b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        )
        .await;
    assert_eq!(guest.answer(false).await.unwrap().text(), "3\r\nabc\r\n0\r\n\r\n");
    guest
        .write(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().text(), "");
    assert_eq!(upstream.seen()[2].values("content-length"), ["0"]);
    guest
        .write(b"GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().text(), "hi");
    assert_eq!(upstream.dials(), 1);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_turn() {
    let upstream = Upstream::answering(&[A], |seen| ok(seen.line())).await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    guest.write(b"GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    for wanted in ["GET /1 HTTP/1.1", "POST /2 HTTP/1.1", "GET /3 HTTP/1.1"] {
        assert_eq!(guest.answer(false).await.unwrap().text(), wanted);
    }
}

#[tokio::test]
async fn head_and_empty_answers_have_no_body() {
    let upstream = Upstream::answering(&[A], |seen| match seen.line().split(' ').nth(1).unwrap() {
        "/none" => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        "/same" => b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"a\"\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n".to_vec(),
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    let answer = guest.ask("HEAD", A, "/", "").await;
    assert_eq!(
        (answer.status, answer.headers["content-length"].as_str()),
        (200, "7")
    );
    assert_eq!(guest.get(A, "/none").await.status, 204);
    let answer = guest.get(A, "/same").await;
    assert_eq!((answer.status, answer.headers["etag"].as_str()), (304, "\"a\""));
    assert_eq!(upstream.dials(), 1);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_passed_on_in_chunks() {
    let upstream = Upstream::serving(&[A], |mut stream, _| async move {
        read(&mut stream).await.unwrap();
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\nto the end").await;
        stream.shutdown().await.unwrap();
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    assert_eq!(guest.get(A, "/").await.text(), "to the end");
    assert_eq!(guest.get(A, "/").await.text(), "to the end");
    assert_eq!(upstream.dials(), 2);
}

#[tokio::test]
async fn an_upstream_that_breaks_off_breaks_the_guests_answer_off() {
    for (answer, begun) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            true,
        ),
        ("HTTP/1.1 200", false),
        ("garbage\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", false),
        ("", false),
    ] {
        let upstream = Upstream::serving(&[A], move |mut stream, _| async move {
            read(&mut stream).await.unwrap();
            say(&mut stream, answer).await;
        })
        .await;
        let door = door_to(&upstream, vec![route(A)]).await;
        let mut guest = door.tunnel(A).await;
        guest.write(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
        if begun {
            assert!(guest.answer(false).await.is_err(), "{answer:?}");
        } else {
            let refusal = guest.answer(false).await.unwrap();
            assert_eq!(
                (refusal.status, refusal.rule().as_str()),
                (502, "upstream-broke"),
                "{answer:?}"
            );
        }
        assert_eq!(
            door.verdict().await,
            (Verdict::Failed, "upstream-broke".to_owned()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_guest_that_leaves_ends_its_request_upstream() {
    let (gone, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gone_upstream, arrived) = (Arc::clone(&gone), Arc::clone(&told));
    let upstream = Upstream::serving(&[A], move |mut stream, _| {
        let (gone, arrived) = (Arc::clone(&gone_upstream), Arc::clone(&arrived));
        async move {
            read(&mut stream).await.unwrap();
            arrived.notify_one();
            while !matches!(stream.read(&mut [0; 16]).await, Ok(0) | Err(_)) {}
            gone.notify_one();
        }
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    guest.write(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    told.notified().await;
    drop(guest);
    gone.notified().await;
    assert_eq!(door.event().await.verdict, Verdict::Failed);
}

#[tokio::test]
async fn a_waiting_guest_is_told_to_go_on_by_the_upstream() {
    let upstream = Upstream::serving(&[A], |mut stream, _| async move {
        let head = read_head(&mut stream).await;
        assert!(head.contains("expect: 100-continue\r\n"));
        say(
            &mut stream,
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        )
        .await;
        let mut body = [0; 4];
        stream.read_exact(&mut body).await.unwrap();
        say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    guest
        .write(b"PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        .await;
    let (status, headers) = guest.head().await.unwrap();
    assert_eq!(
        (status.as_str(), headers["link"].as_str()),
        ("HTTP/1.1 103 Early Hints", "</a>")
    );
    assert_eq!(guest.head().await.unwrap().0, "HTTP/1.1 100 Continue");
    guest.write(b"body").await;
    assert_eq!(guest.answer(false).await.unwrap().text(), "ok");
}

#[tokio::test]
async fn a_waiting_guest_gets_a_final_answer_without_sending_its_body() {
    let upstream = Upstream::serving(&[A], |mut stream, _| async move {
        read_head(&mut stream).await;
        say(
            &mut stream,
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno",
        )
        .await;
        stream.read_u8().await.unwrap_err();
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let lines = "Content-Length: 4\r\nExpect: 100-continue\r\n";
    let answer = door.tunnel(A).await.ask("PUT", A, "/", lines).await;
    assert_eq!((answer.status, answer.text().as_str()), (401, "no"));
    assert_eq!(answer.headers["connection"], "close");
    let answer = door.tunnel(A).await.ask("PUT", "b.example", "/", lines).await;
    assert_eq!(answer.rule(), "host-mismatch");
}

#[tokio::test]
async fn a_waiting_guest_is_told_to_go_on_when_the_upstream_says_nothing() {
    let upstream = Upstream::answering(&[A], |seen| ok(&String::from_utf8_lossy(&seen.body))).await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    guest
        .write(b"PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(guest.head().await.unwrap().0, "HTTP/1.1 100 Continue");
    guest.write(b"body").await;
    assert_eq!(guest.answer(false).await.unwrap().text(), "body");
}

#[tokio::test]
async fn a_body_over_the_routes_limit_is_cut_off() {
    let upstream = Upstream::answering(&[A], |_| ok("")).await;
    let mut small = route(A);
    small.limits.body = Some(ByteSize::from_bytes(10));
    let door = door_to(&upstream, vec![small]).await;
    let answer = door
        .tunnel(A)
        .await
        .ask("POST", A, "/", "Content-Length: 11\r\n")
        .await;
    assert_eq!((answer.status, answer.rule().as_str()), (413, "body-size"));
    assert_eq!(upstream.dials(), 0);
    let mut guest = door.tunnel(A).await;
    guest
        .write(b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    guest.write(b"8\r\nabcdefgh\r\n8\r\nabcdefgh\r\n").await;
    let answer = guest.answer(false).await.unwrap();
    assert_eq!((answer.status, answer.rule().as_str()), (413, "body-size"));
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_refused_body_does_not_hide_its_refusal() {
    let upstream = Upstream::answering(&[A], |_| ok("")).await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel("b.example").await;
    let body = "x".repeat(1 << 20);
    for _ in 0..2 {
        guest
            .write(
                format!(
                    "POST / HTTP/1.1\r\nHost: b.example\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .as_bytes(),
            )
            .await;
        assert_eq!(guest.answer(false).await.unwrap().rule(), "not-listed");
    }
}

#[tokio::test]
async fn a_stale_connection_is_replaced() {
    let upstream = Upstream::serving(&[A], |mut stream, _| async move {
        read(&mut stream).await.unwrap();
        say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        stream.shutdown().await.unwrap();
    })
    .await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let mut guest = door.tunnel(A).await;
    for _ in 0..20 {
        assert_eq!(guest.get(A, "/").await.text(), "ok");
    }
}
