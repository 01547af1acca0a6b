//! Encodings, alone and nested, at every alignment.

use bottle_scan::Scanner;

use crate::support::{Encoder, PACKED, TEXT, found, token};

const RULE: &str = "github-personal-token";

#[track_caller]
fn check(text: &[u8], steps: &[&str]) {
    let all = found(text);
    let wanted = |(rule, chain): &(&str, Vec<&str>)| *rule == RULE && chain == steps;
    assert!(
        all.iter().any(wanted),
        "{steps:?}: {all:?} in {}",
        String::from_utf8_lossy(text)
    );
}

#[test]
fn every_encoding_of_text_at_every_alignment() {
    for Encoder(name, encode) in TEXT {
        for shift in 0..9 {
            let inner = format!("{} key {} end", "a".repeat(shift), token(RULE, shift as u64));
            let text = [b"{\"x\": \"", encode(inner.as_bytes()).as_slice(), b"\"}\n"].concat();
            check(&text, &[name]);
        }
    }
}

#[test]
fn two_encodings_of_text_at_every_alignment() {
    for Encoder(outer, encode_outer) in TEXT {
        for Encoder(inner, encode_inner) in TEXT {
            for shift in 0..8 {
                let text = format!("key={}", token(RULE, shift as u64));
                let middle = [&b"........"[..shift], &encode_inner(text.as_bytes()), b"."].concat();
                check(&encode_outer(&middle), &[outer, inner]);
            }
        }
    }
}

#[test]
fn letters_that_precede_a_run_do_not_hide_it() {
    let inner = format!("https://ada:{}@host/", token(RULE, 3));
    let encoded = data_encoding::BASE64.encode(inner.as_bytes());
    for before in ["/", "path/", "a/b/", "key_", "abc-"] {
        check(format!("{before}{encoded}").as_bytes(), &["base64"]);
    }
}

#[test]
fn a_packed_stream_inside_text() {
    for Encoder(name, pack) in PACKED {
        let packed = pack(format!("one\ntwo {}\n", token(RULE, 5)).as_bytes());
        for Encoder(outer, encode) in TEXT.into_iter().filter(|one| ["base64", "hex"].contains(&one.0)) {
            if outer == "hex" && name == "deflate" {
                continue; // two bytes of magic are too few among digits that are everywhere
            }
            let text = [b"data: ", encode(&packed).as_slice(), b"\n"].concat();
            check(&text, &[outer, name]);
        }
    }
}

#[test]
fn text_inside_a_packed_stream() {
    for Encoder(name, pack) in PACKED {
        for Encoder(inner, encode) in TEXT {
            let text = encode(format!("key={}", token(RULE, 7)).as_bytes());
            let packed = pack(&[b"v: ", text.as_slice(), b"\n"].concat());
            // Two bytes are no magic where anything may stand.
            let carried = if name == "deflate" {
                data_encoding::BASE64.encode(&packed).into_bytes()
            } else {
                packed
            };
            let steps: Vec<&str> = ["base64"][..usize::from(name == "deflate")]
                .iter()
                .copied()
                .chain([name, inner])
                .collect();
            check(&carried, &steps);
        }
    }
}

#[test]
fn an_encoded_finding_says_where_its_text_lies() {
    let inner = format!("secret: {}", token(RULE, 1));
    let text = format!("one\ntwo {}\n", data_encoding::BASE64.encode(inner.as_bytes()));
    let finding = Scanner::new().scan(text.as_bytes()).findings.remove(0);
    assert_eq!(finding.line, 2);
    let start = 8 + 8 * 4 / 3;
    assert_eq!(finding.offset, start as u64);
    assert!((53..=55).contains(&finding.length), "{}", finding.length);
}
