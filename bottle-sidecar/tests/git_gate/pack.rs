//! Packs by hand: what no git would send.

use std::io::Write;
use std::process::{Command, Stdio};

/// A pack whose few kilobytes unfold into so many files of so many times 6.25 MiB each.
pub(crate) fn bomb(files: u32, times: usize) -> Vec<u8> {
    let block = vec![b'x'; 64 << 10];
    let mut pack = [&b"PACK"[..], &2_u32.to_be_bytes(), &(files + 2).to_be_bytes()].concat();
    pack.extend(head(3, block.len()));
    pack.extend(zlib(&block));
    let middle = pack.len();
    // 64 KiB a hundred times over, and that so many times over.
    let delta = delta(block.len(), block.len(), 100, 0);
    put_delta(&mut pack, 12, &delta);
    for number in 0..files {
        let base = pack.len() - middle;
        let length = 100 * block.len() + 4;
        put_delta(&mut pack, base, &self::delta(length, length, times, number));
    }
    let sum = sha1(&pack);
    pack.extend(sum);
    pack
}

/// A pack of one commit with one file, which so many deltas make, one after the other; at its end stands `text`.
pub(crate) fn chain(deltas: u32, text: &str) -> (Vec<u8>, String) {
    let mut file = [b"first line\n", text.as_bytes(), b"\n0000"].concat();
    let kept = file.len() - 4;
    let mut pack = [&b"PACK"[..], &2_u32.to_be_bytes(), &(deltas + 3).to_be_bytes()].concat();
    let mut last = pack.len();
    put(&mut pack, 3, &file);
    for number in 0..deltas {
        file.truncate(kept);
        file.extend(number.to_be_bytes());
        let mut delta = [size(file.len()), size(file.len())].concat();
        delta.extend([0x80 | 0x10, u8::try_from(kept).unwrap(), 4]);
        delta.extend(number.to_be_bytes());
        let back = pack.len() - last;
        last = pack.len();
        put_delta(&mut pack, back, &delta);
    }
    let tree = [&b"100644 file\0"[..], &id("blob", &file)].concat();
    put(&mut pack, 2, &tree);
    let who = "A <a@example.com> 1700000000 +0000";
    let commit = format!(
        "tree {}\nauthor {who}\ncommitter {who}\n\nchain\n",
        hex(&id("tree", &tree))
    );
    put(&mut pack, 1, commit.as_bytes());
    let sum = sha1(&pack);
    pack.extend(sum);
    (pack, hex(&id("commit", commit.as_bytes())))
}

fn put(pack: &mut Vec<u8>, kind: u8, content: &[u8]) {
    pack.extend(head(kind, content.len()));
    pack.extend(zlib(content));
}

fn id(kind: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("{kind} {}\0", content.len());
    sha1(&[head.as_bytes(), content].concat())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn put_delta(pack: &mut Vec<u8>, base: usize, delta: &[u8]) {
    let back = if base == 12 { pack.len() - 12 } else { base };
    pack.extend(head(6, delta.len()));
    let mut bytes = vec![(back & 127) as u8];
    let mut rest = back >> 7;
    while rest > 0 {
        rest -= 1;
        bytes.insert(0, 128 | (rest & 127) as u8);
        rest >>= 7;
    }
    pack.extend(bytes);
    pack.extend(zlib(delta));
}

/// Copies all of the base so often, and adds a number that makes the result another.
fn delta(base: usize, length: usize, times: usize, number: u32) -> Vec<u8> {
    let mut out = [size(base), size(length * times + 4)].concat();
    for _ in 0..times {
        let [a, b, c, ..] = length.to_le_bytes();
        out.extend([0x80 | 0x70, a, b, c]);
    }
    out.push(4);
    out.extend(number.to_be_bytes());
    out
}

fn size(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 127 {
        out.push(128 | (value & 127) as u8);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn head(kind: u8, length: usize) -> Vec<u8> {
    let mut out = vec![kind << 4 | (length & 15) as u8];
    let mut rest = length >> 4;
    while rest > 0 {
        *out.last_mut().unwrap() |= 128;
        out.push((rest & 127) as u8);
        rest >>= 7;
    }
    out
}

/// A stream that is not compressed (RFC 1950, RFC 1951).
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let pieces: Vec<&[u8]> = bytes.chunks(0xffff).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let length = piece.len() as u16;
        out.push(u8::from(number + 1 == pieces.len()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(*piece);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("sha1sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    let digits = std::str::from_utf8(&output[..40]).unwrap();
    (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}
