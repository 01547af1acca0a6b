//! Parts of the kernel that programs rarely need and attackers often are closed.

use crate::escape::Attempt;

/// The attempts.
pub const ATTEMPTS: &[Attempt] = &[
    Attempt::new("set up io_uring", &["io-uring"]),
    Attempt::new("add a key", &["keyring"]),
    Attempt::new("look for keyrings", &["keyctl"]),
    Attempt::new("ask for a key", &["request-key"]),
    Attempt::new("load a BPF map", &["bpf"]),
    Attempt::new("handle page faults", &["faults"]),
    Attempt::new("count events", &["perf"]),
    Attempt::new("read the kernel's log", &["kernel-log"]),
    Attempt::new("load a module", &["module"]),
    Attempt::new("remove a module", &["module-removed"]),
    Attempt::new("load another kernel", &["next-kernel"]),
    Attempt::new("restart the machine", &["restart"]),
    Attempt::new("swap to a file", &["swap"]),
    Attempt::new("write accounts", &["accounting"]),
    Attempt::new("watch all files", &["fanotify"]),
    Attempt::new("use the machine's ports", &["ports"]),
    Attempt::new("compare kernel objects", &["compare"]),
    Attempt::new("move pages", &["move-pages"]),
    Attempt::new("use local descriptors", &["ldt"]),
    Attempt::new("rewrite a call that a filter let through", &["traced-call"]),
    Attempt::new("overrule a filter by one of the agent's own", &["notified-call"]),
];
