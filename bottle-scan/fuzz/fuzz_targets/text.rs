//! Texts of nothing but digits of encodings and escapes, in long runs.

#![no_main]

#[path = "common.rs"]
mod common;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ESCAPES: [&str; 12] = ["%41", "%", "\\u0041", "\\x41", "\\/", "\\", "\n", "\\n", "=", "\"", "H4sI", " "];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut text = Vec::new();
    for byte in bytes {
        match byte {
            0..192 => text.push(LETTERS[usize::from(byte % 64)]),
            _ => text.extend(ESCAPES[usize::from(byte % 12)].bytes()),
        }
    }
    common::check(&[], &text);
});
