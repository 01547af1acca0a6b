//! Archives whose heads fit, so that what follows them is read.

#![no_main]

#[path = "common.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let mut archive = match kind % 3 {
        0 => b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a".to_vec(),
        1 => b"PK\x03\x04\x14\0\0\0\x5d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a".to_vec(),
        _ => tar_header(rest.len() as u64 * u64::from(*kind)),
    };
    archive.extend(rest);
    common::check(&[], &archive);
});

fn tar_header(size: u64) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..5].copy_from_slice(b"a/b.c");
    header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}
