//! The commands before a pack: packets, lines, capabilities, options.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bottle_git_gate::testing::check_push(bytes));
