//! `bottle-sidecar git-gate` as a process, against a real sshd and a real HTTPS upstream, with every git that is there.
#![cfg(test)]

mod asking;
mod bounds;
#[path = "../common/mod.rs"]
mod common;
mod connection;
mod contents;
mod door;
mod failures;
mod hostile;
mod https;
mod pack;
mod refs;
mod rules;
mod scanners;
mod sshd;
mod transparent;
mod worker;
mod world;

/// The program that is tested.
pub(crate) fn sidecar() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_bottle-sidecar"))
}

/// The gits that are installed; each is client, gate and upstream in turn.
pub(crate) fn gits() -> Vec<std::path::PathBuf> {
    let known = ["/usr/bin/git", "/usr/local/bin/git"].map(std::path::PathBuf::from);
    let found: Vec<_> = known.into_iter().filter(|path| path.is_file()).collect();
    assert!(!found.is_empty(), "there is no git");
    println!("with {found:?}");
    found
}
