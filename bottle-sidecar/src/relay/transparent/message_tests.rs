use super::*;

/// A question without options.
fn question(name: &str, kind: u16, class: u16) -> Vec<u8> {
    let mut message = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0".to_vec();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend(class.to_be_bytes());
    message
}

fn parsed(message: &[u8]) -> Question {
    Question::parse(message).unwrap()
}

#[test]
fn a_name_is_read_in_lower_case_and_its_kind_is_told() {
    let read = parsed(&question("API.Example.com", 1, 1));
    assert_eq!(
        (read.host.as_deref(), read.about),
        (Some("api.example.com"), About::Address)
    );
    assert_eq!(parsed(&question("a.example", 255, 1)).about, About::Address);
    for kind in [28, 65, 16, 15, 2, 6, 12, 33] {
        assert_eq!(parsed(&question("a.example", kind, 1)).about, About::Other);
    }
    assert_eq!(parsed(&question("version.bind", 16, 3)).about, About::Foreign);
}

#[test]
fn what_could_be_no_host_has_no_name() {
    for name in ["", "a b.example", "a\0.example", "é.example"] {
        assert_eq!(parsed(&question(name, 1, 1)).host, None, "{name:?}");
    }
    // A dot inside a label must not become a dot between labels.
    assert_eq!(
        parsed(b"\0\0\0\0\0\x01\0\0\0\0\0\0\x07a.b.com\0\0\x01\0\x01").host,
        None
    );
    assert_eq!(
        parsed(&question("_egress.local", 1, 1)).host.as_deref(),
        Some("_egress.local")
    );
}

#[test]
fn an_address_is_answered_to_the_letter() {
    let read = parsed(&question("A.b", 1, 1));
    assert_eq!(
        read.answer(Answer::Address(Ipv4Addr::new(127, 77, 0, 1))),
        b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x01A\x01b\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x04\x7f\x4d\0\x01"
    );
    for (answer, flags) in [
        (Answer::Nothing, b"\x81\x80"),
        (Answer::Failure, b"\x81\x82"),
        (Answer::NoName, b"\x81\x83"),
        (Answer::Refusal, b"\x81\x85"),
    ] {
        let expected = [
            b"\x12\x34",
            flags.as_slice(),
            b"\0\x01\0\0\0\0\0\0\x01A\x01b\0\0\x01\0\x01",
        ]
        .concat();
        assert_eq!(read.answer(answer), expected, "{answer:?}");
    }
}

#[test]
fn options_are_answered_with_options() {
    let mut message = question("a.b", 1, 1);
    message[11] = 1;
    message.extend(b"\0\0\x29\x10\0\0\0\0\0\0\x04\0\x0a\0\0");
    let answer = parsed(&message).answer(Answer::NoName);
    assert!(answer.ends_with(b"\0\0\x29\x04\xd0\0\0\0\0\0\0"));
    assert_eq!(answer[11], 1);
    message.push(0);
    assert!(matches!(Question::parse(&message), Err(Fault::Answer(_))));
}

#[test]
fn what_is_no_question_gets_no_answer() {
    for message in [
        &b""[..],
        b"\0\0\0\0\0\x01\0\0\0\0\0",
        &parsed(&question("a", 1, 1)).answer(Answer::NoName),
    ] {
        assert_eq!(Question::parse(message), Err(Fault::NoQuestion), "{message:?}");
    }
}

#[test]
fn malformed_questions_are_told_so() {
    let good = question("a.example", 1, 1);
    let with = |at: usize, byte: u8| {
        let mut message = good.clone();
        message[at] = byte;
        message
    };
    let malformed = Err(Fault::Answer(b"\x12\x34\x81\x81\0\0\0\0\0\0\0\0".to_vec()));
    for message in [
        with(5, 0),
        with(5, 2),
        with(7, 1),
        with(9, 1),
        with(11, 1),
        with(11, 2),
        with(12, 0xc0),
        with(12, 64),
        with(12, 63),
        [&good[..], b"x"].concat(),
        good[..good.len() - 1].to_vec(),
        good[..12].to_vec(),
    ] {
        assert_eq!(Question::parse(&message), malformed, "{message:?}");
    }
    let unknown = Err(Fault::Answer(b"\x12\x34\x81\x84\0\0\0\0\0\0\0\0".to_vec()));
    assert_eq!(Question::parse(&with(2, 0x29)), unknown);
}

#[test]
fn a_name_is_at_most_255_bytes() {
    let labels = |count: usize| vec!["a"; count].join(".");
    assert!(parsed(&question(&labels(127), 1, 1)).host.is_some());
    assert!(Question::parse(&question(&labels(128), 1, 1)).is_err());
    let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(61));
    assert_eq!(parsed(&question(&long, 1, 1)).host, Some(long));
}

proptest::proptest! {
    #[test]
    fn no_message_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        if let Ok(read) = Question::parse(&bytes) {
            proptest::prop_assert!(read.answer(Answer::Address(Ipv4Addr::LOCALHOST)).len() <= 512);
        }
    }

    #[test]
    fn near_messages_are_answered_under_their_own_id(
        name in "[a-zA-Z0-9_-]{0,70}(\\.[a-z]{1,5}){0,60}", kind: u16, class: u16,
        at in 2_usize..40, byte: u8,
    ) {
        let labels_fit = name.split('.').all(|label| label.len() < 256);
        proptest::prop_assume!(labels_fit);
        let mut message = question(&name, kind, class);
        if let Some(place) = message.get_mut(at) {
            *place = byte;
        }
        let answer = match Question::parse(&message) {
            Ok(read) => read.answer(Answer::NoName),
            Err(Fault::Answer(answer)) => answer,
            Err(Fault::NoQuestion) => return Ok(()),
        };
        proptest::prop_assert!(answer.starts_with(b"\x12\x34") && answer[2] & 0x80 != 0);
        proptest::prop_assert!(answer.len() <= 512);
        proptest::prop_assert_eq!(Question::parse(&answer), Err(Fault::NoQuestion));
    }

    #[test]
    fn every_host_name_is_read_as_it_is(name in "[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]{1,10}){0,5}") {
        proptest::prop_assert_eq!(parsed(&question(&name, 1, 1)).host, Some(name));
    }
}
