//! Requests for reading that came packed.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bottle_git_gate::testing::check_gzip(bytes));
