use super::*;

fn parse(text: &str) -> Result<Head, HeadError> {
    Head::parse(&Bytes::copy_from_slice(text.as_bytes()))
}

fn check_error(text: &str, wanted: HeadError) {
    assert_eq!(parse(text).err(), Some(wanted), "{text:?}");
}

/// A head with one Host and further lines.
fn with(lines: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n")
}

#[test]
fn an_ordinary_head_is_understood() {
    let head = parse(&with(
        "Content-Length: 5\r\nAccept:\t a/b \r\nConnection: keep-alive, TE\r\n",
    ))
    .unwrap();
    assert_eq!(head.method, Method::POST);
    assert_eq!(head.host.unwrap(), "a.example");
    assert_eq!(head.framing, Framing::Length(5));
    assert_eq!(head.headers.get("accept").unwrap(), "a/b");
    assert!(!head.close && !head.expects_continue);
    assert_eq!(head.upgrade, Upgrade::None);
}

#[test]
fn targets_have_four_forms() {
    let target = |line: &str| parse(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")).map(|head| head.target);
    let path = |path: &str, query: &str| PathAndQuery {
        path: path.to_owned(),
        query: query.to_owned(),
    };
    assert_eq!(target("GET /a?b=/c"), Ok(Target::Origin(path("/a", "b=/c"))));
    assert_eq!(target("OPTIONS *"), Ok(Target::Asterisk));
    assert_eq!(target("CONNECT a:443"), Ok(Target::Authority("a:443".to_owned())));
    let absolute = |authority: &str, path| Target::Absolute {
        scheme: "http".to_owned(),
        authority: authority.to_owned(),
        path,
    };
    assert_eq!(
        target("GET HTTP://a:80/b?c"),
        Ok(absolute("a:80", path("/b", "c")))
    );
    assert_eq!(target("GET http://a"), Ok(absolute("a", path("/", ""))));
    assert_eq!(target("GET http://a?b"), Ok(absolute("a", path("/", "b"))));
    for line in ["GET a", "GET *", "GET /a#b", "GET a.example/b", "GET \u{e9}"] {
        assert_eq!(target(line), Err(HeadError::Target), "{line}");
    }
}

#[test]
fn bare_line_ends_are_refused() {
    for text in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a",
    ] {
        check_error(text, HeadError::LineEnd);
    }
}

#[test]
fn malformed_request_lines_are_refused() {
    for line in [
        "",
        "GET",
        "GET /",
        "GET  / HTTP/1.1",
        "GET / a HTTP/1.1",
        " GET / HTTP/1.1",
        "GET /\tHTTP/1.1",
    ] {
        check_error(&format!("{line}\r\nHost: a\r\n\r\n"), HeadError::RequestLine);
    }
    for line in ["G(T / HTTP/1.1", "G\u{e9}T / HTTP/1.1"] {
        check_error(&format!("{line}\r\nHost: a\r\n\r\n"), HeadError::Method);
    }
    for version in ["HTTP/1.0", "HTTP/2.0", "http/1.1", "HTTP/1.1x", "HTTP/01.1"] {
        check_error(&format!("GET / {version}\r\nHost: a\r\n\r\n"), HeadError::Version);
    }
}

#[test]
fn methods_are_read_in_upper_case() {
    assert_eq!(
        parse("patch / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().method,
        Method::PATCH
    );
}

#[test]
fn one_host_field_is_needed() {
    check_error("GET / HTTP/1.1\r\n\r\n", HeadError::Host);
    check_error("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HeadError::Host);
    check_error("GET / HTTP/1.1\r\nHost:\r\n\r\n", HeadError::Host);
}

#[test]
fn old_clients_may_connect_without_a_host_field() {
    let head = parse("CONNECT a:443 HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(head.host, None);
}

#[test]
fn a_body_has_one_framing() {
    check_error(
        &with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        HeadError::TwoFramings,
    );
    for line in ["5, 5", "+5", "-1", "0x5", "5 5", "", "9999999999999999999", "5;"] {
        check_error(&with(&format!("Content-Length: {line}\r\n")), HeadError::Length);
    }
    check_error(
        &with("Content-Length: 5\r\nContent-Length: 5\r\n"),
        HeadError::Length,
    );
    for line in [
        "gzip, chunked",
        "identity",
        "chunked, chunked",
        "xchunked",
        "",
        "\u{b}chunked",
    ] {
        let error = parse(&with(&format!("Transfer-Encoding: {line}\r\n"))).err();
        assert!(
            matches!(error, Some(HeadError::TransferCoding | HeadError::Field)),
            "{line:?}: {error:?}"
        );
    }
    check_error(
        &with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        HeadError::TransferCoding,
    );
    check_error(
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        HeadError::Length,
    );
}

#[test]
fn malformed_fields_are_refused() {
    for line in [
        "X : a",
        "X",
        ": a",
        "X\u{e9}: a",
        "X(: a",
        "X: a\0b",
        "X: a\u{1}b",
        "X: \u{7f}",
    ] {
        check_error(&with(&format!("{line}\r\n")), HeadError::Field);
    }
    for line in [" folded", "\tfolded", "X: a\r\n b"] {
        check_error(&with(&format!("{line}\r\n")), HeadError::FoldedLine);
    }
    let many: String = (0..130).map(|n| format!("X-{n}: a\r\n")).collect();
    check_error(&with(&many), HeadError::TooManyFields);
}

#[test]
fn connection_options_cannot_remove_other_fields() {
    for option in ["Host", "Authorization", "close, x-team", "Content-Length"] {
        check_error(&with(&format!("Connection: {option}\r\n")), HeadError::Connection);
    }
    assert!(parse(&with("Connection: close\r\n")).unwrap().close);
}

#[test]
fn upgrades_are_told() {
    let upgrade = |lines: &str| parse(&with(lines)).unwrap().upgrade;
    assert_eq!(
        upgrade("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"),
        Upgrade::WebSocket
    );
    assert_eq!(upgrade("Upgrade: websocket\r\n"), Upgrade::WebSocket);
    assert_eq!(
        upgrade("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"),
        Upgrade::Other
    );
    assert_eq!(upgrade("Upgrade: h2c, websocket\r\n"), Upgrade::Other);
    assert_eq!(upgrade("Connection: upgrade\r\n"), Upgrade::Other);
}

#[test]
fn the_only_expectation_is_to_continue() {
    assert!(parse(&with("Expect: 100-Continue\r\n")).unwrap().expects_continue);
    check_error(&with("Expect: 200-ok\r\n"), HeadError::Expectation);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..256)) {
        let _ = Head::parse(&Bytes::from(bytes));
    }

    #[test]
    fn no_lines_make_it_panic(text in "(GET|POST|CONNECT) (/|\\*|a:1|http://a/b)[ -~]{0,8} HTTP/1\\.[01]\r\n([ -~\t]{0,20}(\r\n|\n|\r)){0,6}\r\n") {
        let _ = parse(&text);
    }
}
