//! What a git that listens to an upstream prints: lists of refs, and complaints.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bottle_git_gate::testing::check_answers(bytes));
