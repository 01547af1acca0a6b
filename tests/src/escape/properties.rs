//! What must hold, one file for each property.

pub mod copies;
pub mod crash_handlers;
pub mod devices;
pub mod environment;
pub mod exec_directory;
pub mod exec_server;
pub mod host_files;
pub mod host_processes;
pub mod kernel_calls;
pub mod kernel_files;
pub mod leftovers;
pub mod mounts;
pub mod namespaces;
pub mod network;
pub mod planted_hooks;
pub mod privileges;
pub mod shared_objects;
pub mod socket_families;
pub mod stray_sockets;
pub mod terminals;
pub mod tree;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::escape::Attempt;

    fn all() -> Vec<&'static Attempt> {
        [
            crash_handlers::ATTEMPTS,
            devices::ATTEMPTS,
            exec_server::ATTEMPTS,
            host_files::ATTEMPTS,
            host_processes::ATTEMPTS,
            kernel_calls::ATTEMPTS,
            kernel_files::ATTEMPTS,
            leftovers::ATTEMPTS,
            mounts::ATTEMPTS,
            namespaces::ATTEMPTS,
            network::ATTEMPTS,
            privileges::ATTEMPTS,
            shared_objects::ATTEMPTS,
            socket_families::ATTEMPTS,
            stray_sockets::ATTEMPTS,
            terminals::ATTEMPTS,
        ]
        .concat()
        .into_iter()
        .map(|attempt| &*Box::leak(Box::new(attempt)))
        .collect()
    }

    #[test]
    fn there_are_many_attempts_and_each_has_a_name() {
        let names: BTreeSet<&str> = all().iter().map(|attempt| attempt.name).collect();
        assert_eq!(names.len(), all().len(), "two have the same name");
        assert!(names.len() >= 120, "{}", names.len());
    }

    #[test]
    fn few_attempts_are_never_shown_to_work() {
        let unshown = all()
            .into_iter()
            .filter(|attempt| matches!(attempt.twin, crate::escape::Beside::Nowhere(_)));
        assert!(unshown.count() <= 6);
    }
}
