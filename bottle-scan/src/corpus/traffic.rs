//! What programs say to each other, made up with all that looks random in it and no secret.

use data_encoding::BASE64;

use crate::rules::sample::Draw;

const HEX: &str = "0123456789abcdef";
const ALL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORDS: [&str; 24] = [
    "the", "request", "was", "sent", "to", "a", "server", "that", "answers", "with", "token", "usage", "and",
    "key", "metrics", "for", "each", "password", "reset", "session", "which", "failed", "after", "retry",
];

/// One answer of an API: a conversation, a list of commits, events, or pictures.
pub(super) fn api(number: u64) -> Vec<u8> {
    let mut draw = Draw::new(number);
    let items: Vec<String> = (0..40 + draw.below(60))
        .map(|_| item(number % 4, &mut draw))
        .collect();
    let page = format!(
        r#"{{"object":"list","request_id":"req_{}","next":"/v1/items?cursor={}&limit=100","data":[{}]}}"#,
        draw.text(ALL, 24),
        draw.text(ALL, 22),
        items.join(",")
    );
    page.into_bytes()
}

fn item(kind: u64, draw: &mut Draw) -> String {
    let (id, text, time) = (uuid(draw), prose(draw), time(draw));
    match kind {
        0 => format!(
            r#"{{"id":"msg_{}","role":"assistant","content":[{{"type":"text","text":"{text}\n\n```sh\nexport API_KEY=\"$KEY\"\n```"}}],"usage":{{"input_tokens":{},"output_tokens":{}}}}}"#,
            draw.text(ALL, 24),
            draw.below(9000),
            draw.below(900)
        ),
        1 => format!(
            r#"{{"sha":"{}","node_id":"{}","commit":{{"message":"{text}","author":{{"email":"ada@example.com","date":"{time}"}}}},"url":"https://api.example.com/repos/a/b/git/commits/{}"}}"#,
            draw.text(HEX, 40),
            BASE64.encode(format!("06:Commit{}:{}", draw.below(99999), draw.text(HEX, 40)).as_bytes()),
            draw.text(HEX, 40)
        ),
        2 => format!(
            r#"{{"event_id":"{}","trace_id":"{}","timestamp":"{time}","message":"{text}","etag":"W/\"{}\"","tags":{{"session":"{id}","account":"acct_{}"}}}}"#,
            draw.text(HEX, 32),
            draw.text(HEX, 32),
            draw.text(ALL, 27),
            draw.text(ALL, 16)
        ),
        _ => {
            let size = 400 + draw.below(4000);
            let pixels: Vec<u8> = (0..size).map(|_| draw.below(256) as u8).collect();
            format!(
                r#"{{"id":"{id}","created":"{time}","media_type":"image/png","data":"{}","digest":"sha256:{}"}}"#,
                BASE64.encode(&pixels),
                draw.text(HEX, 64)
            )
        }
    }
}

/// Lines of servers, containers and builds.
pub(super) fn log(number: u64) -> Vec<u8> {
    let mut draw = Draw::new(number ^ 0x1099);
    let mut text = String::new();
    for _ in 0..800 {
        let (time, words) = (time(&mut draw), prose(&mut draw));
        text += &match draw.below(5) {
            0 => format!(
                "10.0.{}.{} - ada [{time}] \"GET /v1/items/{}?v={} HTTP/1.1\" 200 {} \"-\" \"curl/8.5.0\"\n",
                draw.below(256),
                draw.below(256),
                uuid(&mut draw),
                draw.text(HEX, 8),
                draw.below(99999)
            ),
            1 => format!(
                "{time} host kernel: [{:5}.{:06}] BUG: {words} at {} code: {}\n",
                draw.below(99999),
                draw.below(999999),
                draw.text(HEX, 16),
                draw.text(HEX, 64)
            ),
            2 => format!(
                "{time} INFO pod/web-{}-{} pulled image@sha256:{}: {words}\n",
                draw.text(HEX, 10),
                draw.text(HEX, 5),
                draw.text(HEX, 64)
            ),
            3 => format!(
                "{time} sshd[{}]: Accepted publickey for ada: ED25519 SHA256:{}\n",
                draw.below(9999),
                draw.text(ALL, 43)
            ),
            _ => format!(
                "{time} level=warn token_count={} key=user:{} msg=\"{words}\"\n",
                draw.below(9999),
                uuid(&mut draw)
            ),
        };
    }
    text.into_bytes()
}

/// A `package-lock.json`.
pub(super) fn lock_file(number: u64) -> Vec<u8> {
    let mut draw = Draw::new(number ^ 0x10c4);
    let packages = (0..600).map(|_| {
        let name = draw.text("abcdefghijklmnopqrstuvwxyz-", 12);
        let version = format!("{}.{}.{}", draw.below(20), draw.below(40), draw.below(20));
        let digest: Vec<u8> = (0..64).map(|_| draw.below(256) as u8).collect();
        format!(
            "    \"node_modules/{name}\": {{\n      \"version\": \"{version}\",\n      \"resolved\": \"https://registry.example.org/{name}/-/{name}-{version}.tgz\",\n      \"integrity\": \"sha512-{}\",\n      \"license\": \"MIT\"\n    }}",
            BASE64.encode(&digest)
        )
    });
    let packages: Vec<String> = packages.collect();
    format!(
        "{{\n  \"lockfileVersion\": 3,\n  \"packages\": {{\n{}\n  }}\n}}\n",
        packages.join(",\n")
    )
    .into_bytes()
}

fn uuid(draw: &mut Draw) -> String {
    [8, 4, 4, 4, 12].map(|length| draw.text(HEX, length)).join("-")
}

fn time(draw: &mut Draw) -> String {
    format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}Z",
        1 + draw.below(28),
        draw.below(24),
        draw.below(60),
        draw.below(60)
    )
}

fn prose(draw: &mut Draw) -> String {
    let words: Vec<&str> = (0..6 + draw.below(30))
        .filter_map(|_| WORDS.get(draw.below(WORDS.len())).copied())
        .collect();
    words.join(" ")
}
