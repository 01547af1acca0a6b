//! Secrets that are known beforehand.

use bottle_scan::{AddError, KNOWN_SECRET, KnownSecrets, Parts, Scanner};
use bottle_util::Secret;
use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

const INJECTED: &str = "tok_Zq8Xw2Lr5Vn9Kc3Bt7Hy1Md6Pf4Gs0Ja";
const OWN: &str = "Tr0ub4dor-and-3-horses";

fn scanner() -> Scanner {
    let mut known = KnownSecrets::new([42; 32]);
    let secret = |value: &str| Secret::from(value.to_owned());
    known
        .add("API_TOKEN", &secret(INJECTED), Parts::Long { prefix: 4 })
        .unwrap();
    known.add("DB_PASSWORD", &secret(OWN), Parts::Any).unwrap();
    assert!(!format!("{known:?}").contains("Zq8X"));
    Scanner::new().with_known(known)
}

#[track_caller]
fn names(text: &str) -> Vec<String> {
    let findings = scanner().scan(text.as_bytes()).findings;
    let known = findings.iter().filter(|finding| finding.rule == KNOWN_SECRET);
    let mut names: Vec<String> = known
        .filter_map(|finding| Some(finding.name.as_deref()?.to_owned()))
        .collect();
    names.dedup();
    names
}

#[track_caller]
fn finds(text: &str, name: &str) {
    assert_eq!(names(text), [name], "{text}");
}

#[test]
fn a_value_is_found_as_it_is() {
    finds(&format!("x {INJECTED} y"), "API_TOKEN");
    finds(&format!("password={OWN}"), "DB_PASSWORD");
}

#[test]
fn a_value_is_found_in_every_encoding_at_every_alignment() {
    for (value, name) in [(INJECTED, "API_TOKEN"), (OWN, "DB_PASSWORD")] {
        for shift in 0..6 {
            let text = format!("{}{value}zz", "é#?!x-".chars().take(shift).collect::<String>());
            let bytes = text.as_bytes();
            for encoded in [
                BASE64.encode(bytes),
                BASE64URL_NOPAD.encode(bytes),
                BASE32_NOPAD.encode(bytes),
                HEXLOWER.encode(bytes),
                HEXUPPER.encode(bytes),
            ] {
                finds(&format!("<{encoded}>"), name);
            }
        }
        finds(
            &value
                .bytes()
                .map(|byte| format!("%{byte:02X}"))
                .collect::<String>(),
            name,
        );
        finds(
            &value
                .bytes()
                .map(|byte| format!("{byte:02x} "))
                .collect::<String>(),
            name,
        );
        finds(&value.chars().rev().collect::<String>(), name);
        finds(
            &value
                .chars()
                .flat_map(|letter| [letter, '\0'])
                .collect::<String>(),
            name,
        );
    }
}

#[test]
fn an_injected_token_is_found_from_twenty_characters_on_and_not_before() {
    let beyond = &INJECTED[4..];
    for start in 0..=beyond.len() - 20 {
        finds(&format!("({})", &beyond[start..start + 20]), "API_TOKEN");
    }
    for part in [&INJECTED[..23], &beyond[..19], &beyond[5..24]] {
        assert_eq!(names(&format!("({part})")), [""; 0], "{part}");
    }
}

#[test]
fn an_injected_token_is_not_put_together_from_pieces() {
    let spaced: String = INJECTED.chars().flat_map(|letter| [letter, ' ']).collect();
    assert_eq!(names(&spaced), [""; 0]);
}

#[test]
fn what_the_guest_has_anyway_is_found_in_part_and_in_pieces() {
    let spaced: String = OWN.chars().flat_map(|letter| [letter, ' ']).collect();
    finds(&spaced, "DB_PASSWORD");
    finds(&OWN[..16], "DB_PASSWORD");
    finds(
        &format!("{{\"a\": \"{}\", \"b\": \"{}\"}}", &OWN[..11], &OWN[11..]),
        "DB_PASSWORD",
    );
    assert_eq!(names("Tr0ub horses"), [""; 0]);
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let mut known = KnownSecrets::new([0; 32]);
    let secret = |length: usize| Secret::from("x".repeat(length));
    assert_eq!(
        known.add("short", &secret(7), Parts::Any),
        Err(AddError::TooShort)
    );
    assert_eq!(
        known.add("long", &secret(2049), Parts::Any),
        Err(AddError::TooLong)
    );
}
