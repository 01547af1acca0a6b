//! Paths and queries of requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| bottle_git_gate::testing::check_route(text));
