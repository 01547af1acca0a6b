//! Whether machines can run here, and what forbids it if not.

use std::fs;
use std::io;
use std::path::Path;

use bottle_backend::Availability;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::client::{CallError, Smolvm, Version};

/// The kernel's way to run machines, and what its processors can do.
const KVM: &str = "/dev/kvm";
const PROCESSORS: &str = "/proc/cpuinfo";
/// What processors call it.
const VIRTUALISATION: [&str; 2] = ["vmx", "svm"];

/// Asks the program for its version, and looks at what it needs of this system.
pub async fn availability(smolvm: &Smolvm) -> Availability {
    let version = match smolvm.version().await.and_then(Version::check) {
        Ok(version) => version,
        Err(error) => return without_program(&error),
    };
    let root = rustix::process::geteuid().is_root();
    let found = match cfg!(target_os = "linux") {
        true => System::look(root, Path::new(KVM), Path::new(PROCESSORS)),
        // What runs machines elsewhere needs no permission, and smolvm itself says when it is not there.
        false => Ok(Vec::new()),
    };
    match found {
        Ok(warnings) => Availability::Usable {
            detail: format!("smolvm {version}"),
            warnings,
        },
        Err((reason, hint)) => unusable(reason, hint),
    }
}

fn without_program(error: &CallError) -> Availability {
    let hint = match error {
        CallError::TooOld { .. } => format!("update smolvm to {} or newer", Version::OLDEST),
        CallError::Missing { .. } => {
            format!(
                "install smolvm {} or newer, where your search path finds it",
                Version::OLDEST
            )
        }
        _ => "call `smolvm --version` by hand: it must tell its version".to_owned(),
    };
    unusable(&error.to_string(), &hint)
}

/// What smolvm needs of Linux.
struct System;

impl System {
    /// Returns warnings, or why no machine can run and what to do.
    fn look(root: bool, kvm: &Path, processors: &Path) -> Result<Vec<String>, (&'static str, &'static str)> {
        if root {
            return Err((
                "smolvm gives machines of root's to a user of its own, who may enter no bottle's folder",
                "run bottle as an ordinary user, or choose another backend",
            ));
        }
        match accessat(CWD, kvm, Access::READ_OK | Access::WRITE_OK, AtFlags::EACCESS) {
            Ok(()) => Ok(warnings(processors)),
            Err(error) if io::Error::from(error).kind() == io::ErrorKind::PermissionDenied => Err((
                "you may not use /dev/kvm",
                "as root: usermod -aG kvm <you>; then log in again",
            )),
            Err(_) => Err((
                "there is no /dev/kvm",
                "switch virtualisation on in the firmware and load kvm_intel or kvm_amd; in a virtual machine, its host \
                 must allow nested virtualisation",
            )),
        }
    }
}

/// A kernel can offer KVM without the processor's help, to guests that are made for that: smolvm's is not.
fn warnings(processors: &Path) -> Vec<String> {
    let text = fs::read_to_string(processors).unwrap_or_default();
    let flags = text.lines().filter(|line| line.starts_with("flags"));
    let mut words = flags.flat_map(str::split_whitespace);
    match !cfg!(target_arch = "x86_64") || words.any(|word| VIRTUALISATION.contains(&word)) {
        true => Vec::new(),
        false => vec![
            "the processor says nothing of virtualisation (vmx or svm): smolvm's kernel may not start with this /dev/kvm"
                .to_owned(),
        ],
    }
}

fn unusable(reason: &str, hint: &str) -> Availability {
    Availability::Unusable {
        reason: reason.to_owned(),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(root: bool, kvm: bool, flags: &str) -> Result<Vec<String>, (&'static str, &'static str)> {
        let folder = tempfile::tempdir().unwrap();
        let (device, processors) = (folder.path().join("kvm"), folder.path().join("cpuinfo"));
        if kvm {
            fs::write(&device, "").unwrap();
        }
        fs::write(&processors, format!("model name\t: svm\nflags\t\t: {flags}\n")).unwrap();
        System::look(root, &device, &processors)
    }

    #[test]
    fn what_forbids_it_is_said_with_a_remedy() {
        let (reason, hint) = look(false, false, "vmx").unwrap_err();
        assert!(reason.contains("no /dev/kvm") && hint.contains("firmware"));
        let (reason, hint) = look(true, true, "vmx").unwrap_err();
        assert!(reason.contains("root's") && hint.contains("ordinary user"));
        assert_eq!(look(false, true, "fpu vmx"), Ok(Vec::new()));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_kvm_without_the_processors_help_is_warned_of() {
        let warnings = look(false, true, "fpu vmxnet").unwrap();
        assert!(warnings.concat().contains("vmx or svm"), "{warnings:?}");
    }

    #[tokio::test]
    async fn a_program_that_is_missing_or_old_is_refused_with_a_remedy() {
        let smolvm = Smolvm {
            program: "/nowhere/smolvm".into(),
            variables: Vec::new(),
            state: None,
        };
        let Availability::Unusable { reason, hint } = availability(&smolvm).await else {
            panic!("there is none");
        };
        assert_eq!(reason, "there is no /nowhere/smolvm");
        assert_eq!(
            hint,
            "install smolvm 1.32.0 or newer, where your search path finds it"
        );
        let old = "smolvm 1.31.9".parse::<Version>().unwrap().check().unwrap_err();
        let Availability::Unusable { reason, hint } = without_program(&old) else {
            panic!("it is too old");
        };
        assert_eq!(reason, "smolvm 1.31.9 is too old: it must be 1.32.0 or newer");
        assert_eq!(hint, "update smolvm to 1.32.0 or newer");
    }
}
