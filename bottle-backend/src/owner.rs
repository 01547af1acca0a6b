//! Whose an object is, so that a command sees and a sweep takes only what is its own.

use std::path::PathBuf;

use bottle_plan::names::Identity;

/// What a backend knows of the command that it works for: what tells the command's own objects from others', and the
/// user's settings.
#[derive(Debug, Clone)]
pub struct Host {
    /// The machine's own id, hashed.
    pub machine: String,
    /// The user.
    pub uid: u32,
    /// The kernel's boot id.
    pub boot: String,
    /// The folder of the user's bottles and their state, hashed.
    pub home: String,
    /// Files with the user's own patterns of what version control ignores, in every repository.
    pub ignore_files: Vec<PathBuf>,
    /// Returns when a process was started, in clock ticks since boot; none when there is no such process.
    pub process_started: fn(u32) -> Option<u64>,
}

impl Host {
    /// Tells whether an object belongs to a bottle whose state this command can find: its own home's. Only those are
    /// listed, opened and ended.
    #[must_use]
    pub fn sees(&self, owner: &Owner) -> bool {
        self.owns(owner) && self.home == owner.home
    }

    /// Tells whether an object is this user's and of this machine, whatever the home. That is enough to sweep a start
    /// that died: it never became a bottle, and its home may be gone with nobody left to sweep it.
    #[must_use]
    pub fn owns(&self, owner: &Owner) -> bool {
        self.machine == owner.machine && self.uid == owner.uid
    }

    /// Tells whether the command that made an object still runs.
    #[must_use]
    pub fn is_alive(&self, owner: &Owner) -> bool {
        owner.is_alive(&self.boot, self.process_started)
    }
}

/// What everything that a launch makes is labelled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The bottle.
    pub identity: Identity,
    /// The machine's own id, hashed.
    pub machine: String,
    /// The user.
    pub uid: u32,
    /// The kernel's boot id; process ids mean nothing across boots.
    pub boot: String,
    /// The folder of the user's bottles and their state, hashed.
    pub home: String,
    /// The `bottle` command that started it.
    pub pid: u32,
    /// When that process was started, in clock ticks since boot: a recycled process id is not the same process.
    pub pid_started: u64,
    /// The version of that command.
    pub version: String,
    /// When, in seconds since 1970.
    pub started_at: u64,
}

impl Owner {
    /// Returns the labels, name and value.
    #[must_use]
    pub fn labels(&self) -> Vec<(&'static str, String)> {
        vec![
            ("bottle.identity", self.identity.to_string()),
            ("bottle.machine", self.machine.clone()),
            ("bottle.uid", self.uid.to_string()),
            ("bottle.boot", self.boot.clone()),
            ("bottle.home", self.home.clone()),
            ("bottle.pid", self.pid.to_string()),
            ("bottle.pid-started", self.pid_started.to_string()),
            ("bottle.version", self.version.clone()),
            ("bottle.started-at", self.started_at.to_string()),
        ]
    }

    /// Reads the labels back; none when one is missing or no number where a number belongs.
    #[must_use]
    pub fn from_labels<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        Some(Self {
            identity: get("bottle.identity")?.parse().ok()?,
            machine: get("bottle.machine")?.to_owned(),
            uid: get("bottle.uid")?.parse().ok()?,
            boot: get("bottle.boot")?.to_owned(),
            home: get("bottle.home")?.to_owned(),
            pid: get("bottle.pid")?.parse().ok()?,
            pid_started: get("bottle.pid-started")?.parse().ok()?,
            version: get("bottle.version")?.to_owned(),
            started_at: get("bottle.started-at")?.parse().ok()?,
        })
    }

    /// Tells whether the command that made an object still runs. `started` returns the start time of a process in
    /// clock ticks since boot, or none when there is no such process.
    #[must_use]
    pub fn is_alive(&self, boot: &str, started: impl Fn(u32) -> Option<u64>) -> bool {
        self.boot == boot && started(self.pid) == Some(self.pid_started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            identity: "demo-00000".parse().unwrap(),
            machine: "m".to_owned(),
            uid: 1000,
            boot: "b".to_owned(),
            home: "h".to_owned(),
            pid: 7,
            pid_started: 99,
            version: "0.1.0".to_owned(),
            started_at: 5,
        }
    }

    #[test]
    fn labels_read_back() {
        let labels = owner().labels();
        let get = |name: &str| {
            labels
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(Owner::from_labels(get), Some(owner()));
        assert_eq!(Owner::from_labels(|_| None), None);
    }

    #[test]
    fn a_recycled_process_id_is_not_the_owner() {
        assert!(owner().is_alive("b", |_| Some(99)));
        assert!(!owner().is_alive("b", |_| Some(100)));
        assert!(!owner().is_alive("b", |_| None));
        assert!(!owner().is_alive("other", |_| Some(99)));
    }

    #[test]
    fn foreign_machine_label_left_alone() {
        let host = Host {
            machine: "m".to_owned(),
            uid: 1000,
            boot: "b".to_owned(),
            home: "h".to_owned(),
            ignore_files: Vec::new(),
            process_started: |_| None,
        };
        let foreign = Owner {
            machine: "other".to_owned(),
            ..owner()
        };
        assert!(!host.owns(&foreign));
        assert!(!host.owns(&Owner { uid: 0, ..owner() }));
        assert!(host.owns(&owner()));
        let other_home = Owner {
            home: "other".to_owned(),
            ..owner()
        };
        assert!(
            host.owns(&other_home) && !host.sees(&other_home),
            "what died there is swept, and no bottle of it is seen"
        );
        assert!(host.sees(&owner()));
        assert!(!host.sees(&foreign));
    }
}
