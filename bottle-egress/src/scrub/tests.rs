use super::*;

const SECRET: &str = "sk-real+token/0123456789";

fn scrubber() -> Scrubber {
    Scrubber::new(&Secret::from(SECRET.to_owned()), &AuthScheme::Bearer)
}

/// Scrubs a body that comes in pieces of the given size.
fn scrub(scrubber: &Scrubber, body: &[u8], step: usize) -> Vec<u8> {
    let (mut state, mut clean) = (ScrubState::default(), Vec::new());
    for piece in body.chunks(step) {
        clean.extend_from_slice(&scrubber.push(&mut state, Bytes::copy_from_slice(piece)));
    }
    clean.extend_from_slice(&scrubber.finish(&mut state));
    clean
}

fn check(form: &str) {
    let body = format!("a {form} b{form}");
    for step in [1, 2, 5, 16, 1000] {
        let clean = String::from_utf8(scrub(&scrubber(), body.as_bytes(), step)).unwrap();
        assert_eq!(clean.len(), body.len());
        assert!(!clean.contains(form), "{form} by {step}: {clean}");
        assert!(clean.starts_with("a *") && clean.contains("* b*"), "{clean}");
    }
}

#[test]
fn the_secret_is_found_in_every_form() {
    check(SECRET);
    check("sk-real%2Btoken%2F0123456789");
    check("736b2d7265616c2b746f6b656e2f30313233343536373839");
    check("736B2D7265616C2B746F6B656E2F30313233343536373839");
    check(&STANDARD.encode(SECRET));
    check(&URL_SAFE.encode(SECRET));
}

#[test]
fn the_secret_is_found_inside_longer_base64() {
    for before in ["", "x", "xy", "xyz"] {
        let whole = STANDARD.encode(format!("{before}{SECRET} and more"));
        let clean = scrub(&scrubber(), whole.as_bytes(), 7);
        let stars = clean.iter().filter(|b| **b == b'*').count();
        assert!(stars >= 28, "{}", String::from_utf8_lossy(&clean));
    }
}

#[test]
fn a_password_is_found_without_its_user() {
    let scrubber = Scrubber::new(
        &Secret::from("user:hunter2hunter2".to_owned()),
        &AuthScheme::Basic,
    );
    assert_eq!(scrub(&scrubber, b"x hunter2hunter2 y", 3), b"x ************** y");
}

#[test]
fn only_a_run_of_visible_characters_is_held_back() {
    let scrubber = scrubber();
    let mut state = ScrubState::default();
    assert_eq!(
        &scrubber.push(&mut state, Bytes::from_static(b"data: 1\n\n"))[..],
        b"data: 1\n\n"
    );
    assert_eq!(
        &scrubber.push(&mut state, Bytes::from_static(b"data: sk-re"))[..],
        b"data: "
    );
    assert_eq!(
        &scrubber.push(&mut state, Bytes::from_static(b"ply\n\n"))[..],
        b"sk-reply\n\n"
    );
    assert!(scrubber.finish(&mut state).is_empty());
}

#[test]
fn an_untouched_piece_is_not_copied() {
    let (scrubber, piece) = (scrubber(), Bytes::from_static(b"nothing here\n"));
    let clean = scrubber.push(&mut ScrubState::default(), piece.clone());
    assert_eq!(clean.as_ptr(), piece.as_ptr());
}

proptest::proptest! {
    #[test]
    fn cuts_do_not_tell_a_right_guess_from_a_wrong_one(known in 1_usize..24, guess in "[ -~]{1,3}", step in 1_usize..9) {
        let other = Scrubber::new(&Secret::from(SECRET.chars().rev().collect::<String>()), &AuthScheme::Bearer);
        let body = format!("x{}{guess}\n y{guess}", &SECRET[..known]);
        let cuts = |scrubber: &Scrubber| -> Vec<usize> {
            let mut state = ScrubState::default();
            body.as_bytes().chunks(step).map(|piece| scrubber.push(&mut state, Bytes::copy_from_slice(piece)).len()).collect()
        };
        proptest::prop_assert_eq!(cuts(&scrubber()), cuts(&other));
    }

    #[test]
    fn any_cut_hides_the_secret(before in "[sk a-z-]{0,40}", after in "[sk a-z-]{0,40}", step in 1_usize..60) {
        let body = format!("{before}{SECRET}{after}");
        let clean = scrub(&scrubber(), body.as_bytes(), step);
        let wanted = format!("{before}{}{after}", "*".repeat(SECRET.len()));
        proptest::prop_assert_eq!(String::from_utf8(clean).unwrap(), wanted);
    }
}
