//! What the run may use.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Spanned, quoted};
use bottle_plan::size::ByteSize;

use crate::draft::ResourcesDraft;

/// The most processes that Linux can have.
const MAX_PIDS: i64 = 4_194_304;

pub(super) fn read(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<ResourcesDraft> {
    let mut keys = MapReader::of_entry("`resources`", entry, diagnostics)?;
    let [cpus, memory, pids, disk] = ["cpus", "memory", "pids", "disk"].map(|key| keys.optional(key));
    keys.finish(diagnostics);
    Some(ResourcesDraft {
        millicpus: cpus.and_then(|entry| read_cpus(entry, diagnostics)),
        memory: memory.and_then(|entry| read_size(entry, diagnostics)),
        pids: pids.and_then(|entry| read_pids(entry, diagnostics)),
        disk: disk.and_then(|entry| read_size(entry, diagnostics)),
    })
}

fn read_cpus(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<u32>> {
    let text = diagnostics.accept(entry.expect_string())?;
    diagnostics.accept(
        millicpus(text)
            .map(|cpus| entry.node.span.with(cpus))
            .ok_or_else(|| {
                Diagnostic::error(
                    "bad-number",
                    format!("{} is not a number of processors", quoted(text)),
                )
                .at(&entry.node.span)
                .help("write a number above 0 and at most 1024, with at most three decimals: 2 or 1.5")
            }),
    )
}

fn millicpus(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || whole.len() > 4 || part.len() > 3 {
        return None;
    }
    let thousandths: u32 = format!("{part:0<3}").parse().ok()?;
    let millicpus = whole.parse::<u32>().ok()? * 1000 + thousandths;
    (1..=1_024_000).contains(&millicpus).then_some(millicpus)
}

fn read_size(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<ByteSize>> {
    let text = diagnostics.accept(entry.expect_string())?;
    // A bare number would be bytes, which nobody means.
    let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    let size: Option<ByteSize> = text.parse().ok().filter(|_| has_unit);
    diagnostics.accept(size.map(|size| entry.node.span.with(size)).ok_or_else(|| {
        Diagnostic::error("bad-size", format!("{} is not a size", quoted(text)))
            .at(&entry.node.span)
            .help("write a whole number and a unit, k, m, g or t: 512m, 4g")
    }))
}

fn read_pids(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<u32>> {
    let number = diagnostics.accept(entry.expect_integer())?;
    let pids = u32::try_from(number)
        .ok()
        .filter(|_| (1..=MAX_PIDS).contains(&number));
    diagnostics.accept(pids.map(|pids| entry.node.span.with(pids)).ok_or_else(|| {
        Diagnostic::error("bad-number", format!("{number} is not a number of processes"))
            .at(&entry.node.span)
            .help(format!("write a whole number from 1 to {MAX_PIDS}"))
    }))
}
