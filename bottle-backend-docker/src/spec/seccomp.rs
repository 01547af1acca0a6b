//! The system calls that a container's programs may make.
//!
//! An allow-list of our own: engines' profiles let AF_VSOCK through up to version 23, and by the 32-bit
//! `socketcall` longer still. What is not named in the file fails with EPERM; a call of a foreign ABI kills.

/// The profile, as the engine takes it in `SecurityOpt`.
pub(crate) const PROFILE: &str = include_str!("seccomp.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    fn profile() -> Value {
        serde_json::from_str(super::PROFILE).unwrap()
    }

    fn texts(value: &Value) -> Vec<&str> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap())
            .collect()
    }

    /// Names that are allowed whatever their arguments are.
    fn allowed() -> BTreeSet<String> {
        let profile = profile();
        let rules = profile["syscalls"].as_array().unwrap();
        rules
            .iter()
            .filter(|rule| rule["action"] == "SCMP_ACT_ALLOW" && rule.get("args").is_none())
            .flat_map(|rule| texts(&rule["names"]))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn what_is_not_named_is_refused() {
        assert_eq!(profile()["defaultAction"], "SCMP_ACT_ERRNO");
    }

    #[test]
    fn no_foreign_abi() {
        for map in profile()["archMap"].as_array().unwrap() {
            assert_eq!(map["subArchitectures"], serde_json::json!([]), "{map}");
        }
    }

    #[test]
    fn only_four_socket_families() {
        let profile = profile();
        let families: BTreeSet<u64> = profile["syscalls"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| texts(&rule["names"]).contains(&"socket"))
            .map(|rule| {
                assert_eq!(rule["args"][0]["index"], 0);
                assert_eq!(rule["args"][0]["op"], "SCMP_CMP_EQ");
                rule["args"][0]["value"].as_u64().unwrap()
            })
            .collect();
        assert_eq!(families, BTreeSet::from([1, 2, 10, 16]));
    }

    /// Tells whether a rule of one condition on one argument lets a number through.
    fn lets_through(rule: &Value, number: u64) -> bool {
        let condition = &rule["args"][0];
        let value = |name: &str| condition[name].as_u64().unwrap();
        assert_eq!(condition["op"], "SCMP_CMP_MASKED_EQ");
        number & value("value") == value("valueTwo")
    }

    #[test]
    fn every_request_but_those_to_terminals_is_let_through() {
        let profile = profile();
        let rules = profile["syscalls"].as_array().unwrap().iter();
        let rules: Vec<&Value> = rules.filter(|rule| texts(&rule["names"]) == ["ioctl"]).collect();
        let allowed = |number| rules.iter().any(|rule| lets_through(rule, number));
        let refused = |number: &u64| !allowed(*number);
        assert_eq!(
            (0..0x2_0000).filter(refused).collect::<Vec<_>>(),
            [0x5412, 0x541c, 0x5423]
        );
        for number in [0x8000_5412, 0x4004_667f, 0xffff_5423, 0xffff_ffff] {
            assert!(allowed(number), "{number:x}");
        }
    }

    #[test]
    fn only_netlinks_routes() {
        let profile = profile();
        let rules = profile["syscalls"].as_array().unwrap().iter();
        let netlink = rules.filter(|rule| rule["names"][0] == "socket" && rule["args"][0]["value"] == 16);
        let conditions: Vec<_> = netlink.map(|rule| rule["args"][1].clone()).collect();
        assert_eq!(
            conditions,
            [serde_json::json!({"index": 2, "value": 0, "op": "SCMP_CMP_EQ"})]
        );
    }

    #[test]
    fn nothing_that_reaches_past_the_walls() {
        let allowed = allowed();
        for name in [
            "socket",
            "ioctl",
            "prlimit64",
            "setrlimit",
            "socketcall",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "keyctl",
            "add_key",
            "request_key",
            "bpf",
            "userfaultfd",
            "mount",
            "umount",
            "umount2",
            "move_mount",
            "open_tree",
            "fsopen",
            "fsmount",
            "fsconfig",
            "fspick",
            "mount_setattr",
            "pivot_root",
            "unshare",
            "setns",
            "clone",
            "clone3",
            "personality",
            "perf_event_open",
            "open_by_handle_at",
            "init_module",
            "finit_module",
            "delete_module",
            "kexec_load",
            "kexec_file_load",
            "reboot",
            "swapon",
            "swapoff",
            "settimeofday",
            "clock_settime",
            "iopl",
            "ioperm",
            "modify_ldt",
            "quotactl",
            "acct",
            "syslog",
            "fanotify_init",
            "chroot",
            "lookup_dcookie",
            "vhangup",
        ] {
            assert!(!allowed.contains(name), "{name}");
        }
    }
}
