//! Questions for names: every one is answered under its own id, briefly, and no answer is taken for a question.

#![no_main]

use std::net::Ipv4Addr;

#[expect(dead_code, reason = "a part of it is used here")]
#[path = "../../src/relay/transparent/message.rs"]
mod message;

use message::{Answer, Fault, Question};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let answer = match Question::parse(bytes) {
        Ok(question) => {
            if let Some(host) = &question.host {
                assert!(host.len() <= 253 && host.split('.').all(|label| (1..64).contains(&label.len())));
            }
            question.answer(Answer::Address(Ipv4Addr::LOCALHOST))
        }
        Err(Fault::Answer(answer)) => answer,
        Err(Fault::NoQuestion) => return,
    };
    assert_eq!(answer.get(..2), bytes.get(..2));
    assert!(answer.len() <= 512);
    assert_eq!(Question::parse(&answer), Err(Fault::NoQuestion));
});
