//! All that can arrive on a connection.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bottle_supervise::testing::check_connection(bytes));
