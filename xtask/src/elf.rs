//! Just enough of the ELF format to tell whether a program needs a loader of the machine it runs on.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Fails unless the file is a 64-bit ELF program without an interpreter (`PT_INTERP`), so one that runs in any image.
pub(crate) fn require_static(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    match has_interpreter(&bytes) {
        Some(false) => Ok(()),
        Some(true) => bail!("{} is linked dynamically", file.display()),
        None => bail!("{} is not a 64-bit ELF program", file.display()),
    }
}

/// Offsets are those of `Elf64_Ehdr` and `Elf64_Phdr` in the System V ABI (gabi), little-endian.
fn has_interpreter(bytes: &[u8]) -> Option<bool> {
    const PT_INTERP: u32 = 3;
    if bytes.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = usize::try_from(u64::from_le_bytes(field(bytes, 32)?)).ok()?;
    let size = usize::from(u16::from_le_bytes(field(bytes, 54)?));
    let count = usize::from(u16::from_le_bytes(field(bytes, 56)?));
    let kinds: Option<Vec<u32>> = (0..count)
        .map(|index| field(bytes, table + index * size).map(u32::from_le_bytes))
        .collect();
    Some(kinds?.contains(&PT_INTERP))
}

fn field<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_is_dynamic() {
        let program = fs::read("/proc/self/exe").unwrap();
        assert_eq!(has_interpreter(&program), Some(true));
    }

    #[test]
    fn text_is_no_program() {
        assert_eq!(has_interpreter(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn a_cut_program_is_no_program() {
        let program = fs::read("/proc/self/exe").unwrap();
        assert_eq!(has_interpreter(&program[..80]), None);
    }
}
