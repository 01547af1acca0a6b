//! What the gate asks of its worker, and the answer.

use std::path::PathBuf;

use bottle_plan::git::ExtraScanner;
use bottle_scan::KnownSecrets;
use serde::{Deserialize, Serialize};

use crate::decide::{Content, Finding};
use crate::object_id::ObjectId;

/// What is to be examined.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// git.
    pub git: PathBuf,
    /// The mirror; what its refs reach is the upstream's.
    pub mirror: PathBuf,
    /// The quarantined objects.
    pub objects: PathBuf,
    /// Each ref of the push: where it is, if anywhere, and where it would be, if anywhere.
    pub refs: Vec<(Option<ObjectId>, Option<ObjectId>)>,
    /// The upstream's `HEAD`.
    pub head: Option<ObjectId>,
    /// Names of refs and push options, which are scanned too.
    pub texts: Vec<(String, String)>,
    /// Fingerprints of values that the guest has and must not push.
    pub known: KnownSecrets,
    /// Who reads what is new as well.
    pub scanners: Vec<ScannerProgram>,
    /// The processor seconds that each process of the examination may take.
    pub cpu_seconds: u64,
}

/// An installed program that finds secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerProgram {
    /// Which one it is.
    pub scanner: ExtraScanner,
    /// Where it is.
    pub path: PathBuf,
}

/// What was found.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Why it could not be examined; everything else counts for nothing then.
    pub failed: Option<String>,
    /// What each ref would hold; none for a deletion.
    pub contents: Vec<Option<Content>>,
    /// Changed files that make somebody's machine run something.
    pub ci_files: Vec<String>,
    /// Secrets.
    pub findings: Vec<Finding>,
    /// What could not be read to its end.
    pub unread: Vec<String>,
    /// How many objects are new.
    pub objects: u64,
}
