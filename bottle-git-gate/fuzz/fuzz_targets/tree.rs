//! Raw trees, whole and in pieces.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((step, rest)) = bytes.split_first() else { return };
    bottle_git_gate::testing::check_tree(rest, usize::from(*step) + 1);
});
