//! Bodies of requests: JSON-RPC, tools, their arguments, down to the queue.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| bottle_supervise::testing::check_call(body));
