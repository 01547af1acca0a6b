//! Heads of requests, from the bytes to what an event says of them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bottle_egress::testing::check_head(bytes));
