//! The machine of a bottle: what a plan becomes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bottle_backend::{LaunchError, Owner};
use bottle_host::door_sockets;
use bottle_plan::BottlePlan;
use bottle_plan::names::Identity;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::client::{Mount, NewMachine};
use crate::guest::ROOT;

/// Where the guest finds the doors' sockets.
const DOORS: &str = "/run/bottle";
/// Where the guest finds the relay's folder.
const PROGRAMS: &str = "/opt/bottle";
/// The relay's program, in the guest.
pub(crate) const RELAY: &str = "/opt/bottle/relay";
/// The relay's user and group, which no agent has.
pub(crate) const RELAY_USER: (u32, u32) = (64_001, 64_001);
/// The interface that every guest of smolvm's has, and that leads nowhere.
const UNUSED_INTERFACE: &str = "dummy0";
/// How many bytes of a hash stand in a machine's name.
const NAME_BYTES: usize = 12;
/// Stands between the host's path and the guest's in what smolvm is told.
const SEPARATOR: char = ':';
const MEBIBYTE: u64 = 1 << 20;

/// What a machine is made from beyond the plan.
#[derive(Debug)]
pub struct MachineInputs<'a> {
    /// The plan.
    pub plan: &'a BottlePlan,
    /// Whose it is.
    pub owner: &'a Owner,
    /// The host's folder with the doors' sockets.
    pub doors: &'a Path,
    /// The host's folder with the relay, of which the guest sees all.
    pub programs: &'a Path,
    /// The image, as an archive.
    pub image: PathBuf,
}

impl MachineInputs<'_> {
    /// Returns the machine: no network, a socket for each door, and the relay for as long as it runs.
    ///
    /// # Errors
    ///
    /// When smolvm could not be told of the folder.
    pub fn machine(&self) -> Result<NewMachine, LaunchError> {
        for folder in [self.doors, self.programs] {
            if folder.to_string_lossy().contains(SEPARATOR) {
                return Err(LaunchError::Unsupported {
                    what: "a bottle in this folder",
                    reason: format!("smolvm would read the colon in {} as an end", folder.display()),
                });
            }
        }
        let resources = &self.plan.resources;
        let labels = self.owner.labels().into_iter();
        let sockets = door_sockets(self.plan, DOORS);
        let mut workload = vec![RELAY.to_owned()];
        workload.extend(relay_arguments(self.plan));
        let (user, group) = RELAY_USER;
        let name = self.plan.identity.to_string();
        workload.extend(["--as".to_owned(), format!("{user}:{group}"), name]);
        Ok(NewMachine {
            name: machine_name(&self.owner.home, &self.owner.identity),
            image: self.image.clone(),
            cpus: resources
                .millicpus
                .map(|thousandths| thousandths.div_ceil(1000).max(1)),
            memory: resources.memory.map(|memory| memory.bytes().div_ceil(MEBIBYTE)),
            labels: labels
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<BTreeMap<_, _>>(),
            sockets: sockets
                .map(|(door, guest)| (self.doors.join(format!("{}.sock", door.name())), guest))
                .collect(),
            mounts: vec![Mount {
                host: self.programs.to_owned(),
                guest: PROGRAMS.to_owned(),
                writable: false,
            }],
            user: ROOT,
            workload,
        })
    }
}

/// Returns what the relay is told, and what the guest's look at itself is told of it.
pub(crate) fn relay_arguments(plan: &BottlePlan) -> Vec<String> {
    let mut arguments = bottle_host::relay_arguments(plan, DOORS);
    arguments.extend(["--allow-interface".to_owned(), UNUSED_INTERFACE.to_owned()]);
    arguments
}

/// Returns the name of a bottle's machine: smolvm takes not all names that bottles may have, and has one list for all
/// homes of a user.
#[must_use]
pub fn machine_name(home: &str, identity: &Identity) -> String {
    let hash = Sha256::digest(format!("{home}\n{identity}"));
    let bytes = hash.get(..NAME_BYTES).unwrap_or_default();
    format!("bottle-{}", HEXLOWER.encode(bytes))
}

#[cfg(test)]
mod tests {
    use bottle_backend::testing::{SamplePlan, sample_owner};
    use bottle_plan::git::GitGateInsteadOf;
    use bottle_plan::image::{ImagePlan, ImageSource};
    use bottle_plan::inputs::BackendFacts;
    use bottle_plan::names::Name;
    use bottle_plan::provider::GuestUser;
    use bottle_plan::workspace::{Resources, WorkspaceSource};

    use super::*;

    fn machine_in(doors: &str) -> Result<NewMachine, LaunchError> {
        let identity: Identity = "a--b".parse().unwrap();
        let sample = SamplePlan {
            identity: identity.clone(),
            facts: BackendFacts {
                name: Name::from_static("smol"),
                git_gate_insteadof: GitGateInsteadOf::default(),
                supervise_mcp_url: "http://supervise:9100/".to_owned(),
                ssh_agent: false,
            },
            user: GuestUser {
                name: "node".to_owned(),
                uid: 1000,
                gid: 1000,
            },
            guest_home: "/home/node".parse().unwrap(),
            image: ImagePlan {
                source: ImageSource::Provider {
                    dockerfile: String::new(),
                },
                reason: "a test's".to_owned(),
            },
            workspace: WorkspaceSource::None,
            resources: Resources {
                millicpus: Some(1500),
                ..Resources::default()
            },
        };
        let plan = sample.assemble().unwrap();
        let inputs = MachineInputs {
            plan: &plan,
            owner: &sample_owner(&identity),
            doors: Path::new(doors),
            programs: Path::new("/b/programs"),
            image: "/images/one.tar".into(),
        };
        inputs.machine()
    }

    fn machine() -> NewMachine {
        machine_in("/b/doors").unwrap()
    }

    #[test]
    fn a_folder_that_smolvm_would_misread_is_refused() {
        let refused = machine_in("/b:c/doors");
        assert!(
            matches!(refused, Err(LaunchError::Unsupported { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn each_door_is_a_socket_and_the_relay_is_told_of_it() {
        let machine = machine();
        assert!(!machine.sockets.is_empty());
        for (host, guest) in &machine.sockets {
            assert!(
                host.starts_with("/b/doors") && guest.starts_with("/run/bottle/"),
                "{guest}"
            );
            assert!(
                machine
                    .workload
                    .iter()
                    .any(|word| word.ends_with(&format!("={guest}")))
            );
        }
        assert_eq!(
            machine.workload.first().map(String::as_str),
            Some("/opt/bottle/relay")
        );
        assert!(
            machine.workload.ends_with(
                &["--allow-interface", "dummy0", "--as", "64001:64001", "a--b"].map(str::to_owned)
            )
        );
    }

    #[test]
    fn what_the_guest_sees_of_the_host_it_cannot_write() {
        assert!(machine().mounts.iter().all(|mount| !mount.writable));
    }

    #[test]
    fn processors_are_whole_and_the_labels_are_the_owners() {
        let machine = machine();
        assert_eq!(machine.cpus, Some(2));
        let get = |name: &str| machine.labels.get(name).map(String::as_str);
        assert_eq!(
            Owner::from_labels(get),
            Some(sample_owner(&"a--b".parse().unwrap()))
        );
    }

    #[test]
    fn every_bottle_of_every_home_has_a_name_that_smolvm_takes() {
        let name = |home: &str, identity: &str| machine_name(home, &identity.parse().unwrap());
        assert_eq!(name("h", "a--b"), name("h", "a--b"));
        assert_ne!(name("h", "a--b"), name("i", "a--b"));
        assert_ne!(name("h", "a--b"), name("h", "a-b"));
        assert!(!name("h", "a--b").contains("--") && name("h", "a--b").len() < 64);
    }
}
