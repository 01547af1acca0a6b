//! Streams that their carrier calls brotli.

#![no_main]

use bottle_scan::ContentEncoding;

#[path = "common.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| common::check(&[ContentEncoding::Brotli], bytes));
