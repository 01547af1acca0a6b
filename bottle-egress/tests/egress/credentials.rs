//! What becomes of the guest's credentials and of the real one.

use bottle_plan::egress::{AuthScheme, GuestAuth, RouteAuth};

use crate::support::{DoorPlan, TOKEN, Upstream, door_to, ok, route, with_auth};

const A: &str = "a.example";

async fn echo() -> Upstream {
    Upstream::answering(&[A], |_| ok("hello")).await
}

const GUEST_FIELDS: &[&str] = &[
    "Authorization: Bearer guest",
    "Cookie: session=guest",
    "Proxy-Authorization: Basic guest",
    "X-Api-Key: guest",
    "x_api_key: guest",
    "Api-Key: guest",
    "X-Goog-Api-Key: guest",
    "Private-Token: guest",
    "X-Auth-Token: guest",
    "OpenAI-Organization: guest",
    "ChatGPT-Account-Id: guest",
    "X-Amz-Security-Token: guest",
    "X-Shopify-Access-Token: guest",
    "X.Api.Key: guest",
    "Stripe-Account: guest",
    "Dropbox-API-Select-User: guest",
    "Xero-Tenant-Id: guest",
    "Sudo: guest",
    "Impersonate-User: guest",
    "X-Hasura-Role: guest",
    "Circle-Token: guest",
    "DPoP: guest",
    "X-Session-Id: guest",
    "session_id: guest",
    "CF-Access-Client-Id: guest",
];

#[tokio::test]
async fn guest_credential_stripped_everywhere() {
    let upstream = echo().await;
    for auth in [true, false] {
        let listed = if auth { with_auth(route(A)) } else { route(A) };
        let door = door_to(&upstream, vec![listed]).await;
        let mut guest = door.tunnel(A).await;
        let fields = GUEST_FIELDS.join("\r\n");
        let path = "/x?key=guest&API_KEY=guest&%61ccess_token=guest&token[]=guest&api.key=guest\
                    &api+key=guest&api%5Bkey=guest&sudo=guest&q=kept";
        assert_eq!(
            guest
                .ask("GET", A, path, &format!("{fields}\r\nX-Team: kept\r\n"))
                .await
                .status,
            200
        );
        let seen = upstream.seen().pop().unwrap();
        assert!(!seen.head.contains("guest"), "{}", seen.head);
        assert_eq!(seen.line(), "GET /x?q=kept HTTP/1.1");
        assert_eq!(seen.values("x-team"), ["kept"]);
        let real = format!("Bearer {TOKEN}");
        assert_eq!(
            seen.values("authorization"),
            if auth { vec![real.as_str()] } else { vec![] }
        );
    }
    let door = door_to(&upstream, vec![with_auth(route(A))]).await;
    let mut guest = door.plain().await;
    guest
        .write(b"GET http://user:guest@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().rule(), "malformed");
}

#[tokio::test]
async fn trailers_bring_no_credential() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![with_auth(route(A))]).await;
    let mut guest = door.tunnel(A).await;
    guest.write(b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Authorization\r\n\r\n").await;
    guest
        .write(b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nAuthorization: Bearer guest\r\nX-Api-Key: guest\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().status, 200);
    let body = String::from_utf8(upstream.only().body).unwrap();
    assert_eq!(body.to_lowercase(), "3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
}

#[tokio::test]
async fn a_route_may_pass_the_guests_own_credentials() {
    let upstream = echo().await;
    let mut passing = route(A);
    passing.guest_auth = GuestAuth::Pass;
    let door = door_to(&upstream, vec![passing]).await;
    door.tunnel(A)
        .await
        .ask(
            "GET",
            A,
            "/?key=guest",
            "Authorization: Bearer guest\r\nCookie: a\r\n",
        )
        .await;
    let seen = upstream.only();
    assert_eq!(seen.line(), "GET /?key=guest HTTP/1.1");
    assert_eq!(seen.values("authorization"), ["Bearer guest"]);
    assert_eq!(seen.values("cookie"), ["a"]);
}

#[tokio::test]
async fn an_account_is_chosen_only_where_the_policy_checks_it() {
    let upstream = echo().await;
    let mut checked = with_auth(route(A));
    let matches = r#"{"headers": [{"name": "chatgpt-account-id", "type": "exact", "value": "acct-1"}]}"#;
    checked.matches = vec![serde_json::from_str(matches).unwrap()];
    let door = door_to(&upstream, vec![checked]).await;
    let mut guest = door.tunnel(A).await;
    let answer = guest.ask("GET", A, "/", "chatgpt-account-id: acct-2\r\n").await;
    assert_eq!(answer.rule(), "no-match");
    guest
        .ask(
            "GET",
            A,
            "/",
            "chatgpt-account-id: acct-1\r\nopenai-organization: other\r\n",
        )
        .await;
    assert_eq!(upstream.only().values("chatgpt-account-id"), ["acct-1"]);
    assert!(upstream.only().values("openai-organization").is_empty());
}

/// Many servers read `X_Team` as `X-Team`, so the real field's other spellings go whatever the route passes.
#[tokio::test]
async fn the_injected_field_has_no_second_spelling() {
    let upstream = echo().await;
    for guest_auth in [GuestAuth::Strip, GuestAuth::Pass] {
        let mut listed = route(A);
        listed.guest_auth = guest_auth;
        listed.auth = Some(RouteAuth {
            scheme: AuthScheme::Header("x-team".to_owned()),
            slot: "token".parse().unwrap(),
        });
        let door = door_to(&upstream, vec![listed]).await;
        let fields = "X-Team: guest\r\nX_Team: guest\r\nX.Team: guest\r\n";
        door.tunnel(A).await.ask("GET", A, "/", fields).await;
        let seen = upstream.seen().pop().unwrap();
        assert_eq!(seen.values("x-team"), [TOKEN]);
        assert!(!seen.head.contains("guest"), "{}", seen.head);
    }
}

#[tokio::test]
async fn a_checked_field_has_no_second_spelling() {
    let upstream = echo().await;
    let mut checked = route(A);
    let matches = r#"{"headers": [{"name": "x-team", "type": "exact", "value": "blue"}]}"#;
    checked.matches = vec![serde_json::from_str(matches).unwrap()];
    let door = door_to(&upstream, vec![checked]).await;
    for fields in [
        "X-Team: blue\r\nX_Team: red\r\n",
        "X_Team: red\r\nX-Team: blue\r\n",
        "X_Team: blue\r\n",
    ] {
        let answer = door.tunnel(A).await.ask("GET", A, "/", fields).await;
        assert_eq!(answer.rule(), "no-match", "{fields}");
    }
    assert_eq!(
        door.tunnel(A)
            .await
            .ask("GET", A, "/", "X-Team: blue\r\n")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_sounds_like_a_credential_passes_where_the_policy_checks_it() {
    let upstream = echo().await;
    let mut checked = route(A);
    let matches = r#"{"headers": [{"name": "x-sort-key", "type": "exact", "value": "name"},
                                  {"name": "authorization", "type": "regex", "value": ".*"}]}"#;
    checked.matches = vec![serde_json::from_str(matches).unwrap()];
    let door = door_to(&upstream, vec![checked]).await;
    let fields = "X-Sort-Key: name\r\nAuthorization: Bearer guest\r\n";
    door.tunnel(A).await.ask("GET", A, "/", fields).await;
    assert_eq!(upstream.only().values("x-sort-key"), ["name"]);
    assert!(upstream.only().values("authorization").is_empty());
}

/// Codex names its conversation in a field that would be a credential anywhere else.
#[tokio::test]
async fn a_conversation_of_a_model_api_keeps_its_name() {
    let (model, fields) = ("api.openai.com", "session_id: 1\r\nX-Session-Id: guest\r\n");
    let upstream = Upstream::answering(&[model], |_| ok("hello")).await;
    let door = door_to(&upstream, vec![with_auth(route(model))]).await;
    door.tunnel(model).await.ask("GET", model, "/", fields).await;
    assert_eq!(upstream.only().values("session_id"), ["1"]);
    assert!(upstream.only().values("x-session-id").is_empty());
}

#[tokio::test]
async fn every_scheme_reaches_the_upstream() {
    for (scheme, field, value) in [
        (AuthScheme::Bearer, "authorization", format!("Bearer {TOKEN}")),
        (AuthScheme::Token, "authorization", format!("token {TOKEN}")),
        (
            AuthScheme::Header("x-api-key".to_owned()),
            "x-api-key",
            TOKEN.to_owned(),
        ),
    ] {
        let upstream = echo().await;
        let mut listed = route(A);
        listed.auth = Some(RouteAuth {
            scheme,
            slot: "token".parse().unwrap(),
        });
        let door = door_to(&upstream, vec![listed]).await;
        door.tunnel(A)
            .await
            .ask(
                "GET",
                A,
                "/",
                "X-Api-Key: placeholder\r\nAuthorization: Bearer p\r\n",
            )
            .await;
        assert_eq!(upstream.only().values(field), [value]);
        assert!(!upstream.only().head.contains("placeholder"));
    }
}

#[tokio::test]
async fn override_headers_stripped() {
    let upstream = echo().await;
    let door = door_to(&upstream, vec![route(A)]).await;
    let fields = "X-HTTP-Method-Override: DELETE\r\nX_HTTP_Method_Override: DELETE\r\nX-Method-Override: DELETE\r\n\
                  X-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\nX-Forwarded-Host: b.example\r\n\
                  X-Forwarded-For: 127.0.0.1\r\nForwarded: host=b.example\r\nX-Host: b.example\r\n\
                  X-Real-IP: 127.0.0.1\r\nTE: trailers\r\nConnection: keep-alive, TE\r\nKeep-Alive: timeout=5\r\n";
    let mut guest = door.tunnel(A).await;
    assert_eq!(guest.ask("GET", A, "/x", fields).await.status, 200);
    assert_eq!(upstream.only().head, "GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n");
    assert_eq!(guest.get(A, "/x?_method=DELETE").await.rule(), "method-override");
}

/// An upstream that sends back what it was sent does not hand the credential over, in no form and however it is cut.
#[tokio::test]
async fn an_echoed_credential_is_scrubbed() {
    let upstream = Upstream::answering(&[A], |seen| {
        let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
        let (first, second) = TOKEN.split_at(7);
        let chunks = format!(
            "{:x}\r\n{hex} {first}\r\n{:x}\r\n{second}\r\n0\r\n",
            hex.len() + 8,
            second.len()
        );
        let value = seen.values("authorization")[0];
        format!(
            "HTTP/1.1 200 OK\r\nX-Echo: {value}\r\nSet-Cookie: session=1\r\nX-Bottle-Decision: allowed\r\n\
             Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n{chunks}X-Late: {value}\r\n\r\n"
        )
        .into_bytes()
    })
    .await;
    let door = door_to(&upstream, vec![with_auth(route(A))]).await;
    let mut guest = door.tunnel(A).await;
    guest.write(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    let raw = guest.until(b"0\r\n").await.unwrap();
    let rest = guest.until(b"\r\n\r\n").await.unwrap();
    let all = String::from_utf8([raw, rest].concat()).unwrap();
    assert!(!all.contains(TOKEN) && !all.contains("736b2d7265616c"), "{all}");
    assert!(!all.contains(&TOKEN[..7]) && !all.contains(&TOKEN[7..]), "{all}");
    assert!(
        all.contains("x-echo: Bearer ****") && all.contains("x-late: Bearer ****"),
        "{all}"
    );
    assert!(
        !all.contains("set-cookie") && !all.contains("x-bottle-decision"),
        "{all}"
    );
}

#[tokio::test]
async fn answers_that_cannot_be_searched_are_refused_where_there_is_a_credential() {
    let upstream = Upstream::answering(&[A], |_| {
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc".to_vec()
    })
    .await;
    let fields = "Accept-Encoding: gzip, br\r\nRange: bytes=0-1\r\nIf-Range: \"a\"\r\n";
    let door = door_to(&upstream, vec![with_auth(route(A))]).await;
    let answer = door.tunnel(A).await.ask("GET", A, "/", fields).await;
    assert_eq!((answer.status, answer.rule().as_str()), (502, "encoded-answer"));
    let seen = upstream.only();
    assert_eq!(seen.values("accept-encoding"), ["identity"]);
    assert!(seen.values("range").is_empty() && seen.values("if-range").is_empty());

    let door = door_to(&upstream, vec![route(A)]).await;
    let answer = door.tunnel(A).await.ask("GET", A, "/", fields).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "abc"));
    assert_eq!(upstream.seen()[1].values("range"), ["bytes=0-1"]);
}

#[tokio::test]
async fn a_credential_never_leaves_in_plain_text() {
    let upstream = echo().await;
    let mut listed = with_auth(route(A));
    listed.ports = vec![80, 443];
    let mut plan = DoorPlan::new(vec![listed]);
    plan.lead_to(&upstream);
    let door = plan.open().await;
    let mut guest = door.plain().await;
    guest
        .write(b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n")
        .await;
    assert_eq!(guest.answer(false).await.unwrap().rule(), "plain-text");
    assert_eq!(upstream.dials(), 0);
}

/// Connections are shared by requests of one route only, and never across a reload.
#[tokio::test]
async fn connections_are_kept_per_route_and_credential() {
    let b = "b.example";
    let upstream = Upstream::answering(&[A, b], |_| ok("hello")).await;
    let door = door_to(&upstream, vec![with_auth(route(A)), route(b)]).await;
    for host in [A, A, b, A] {
        assert_eq!(door.tunnel(host).await.get(host, "/").await.status, 200);
    }
    assert_eq!(upstream.dials(), 2);
    let with_token = upstream
        .seen()
        .into_iter()
        .filter(|seen| !seen.values("authorization").is_empty());
    assert_eq!(
        with_token.map(|seen| seen.connection).collect::<Vec<_>>(),
        [0, 0, 0]
    );
    let plan = door.server.policy().plan().clone();
    door.server.reload(plan).unwrap();
    assert_eq!(door.tunnel(A).await.get(A, "/").await.status, 200);
    assert_eq!(upstream.dials(), 3);
}
