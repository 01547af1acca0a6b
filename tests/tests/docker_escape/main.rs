//! What an attacker who has taken over the agent would try, one file for each property.
//!
//! An attempt is made from inside, as the agent, and must fail at once; it is made again in a container without walls,
//! where it must succeed, or else this kernel cannot tell whether there is a wall.

mod address_checks;
mod cell;
mod control_channel;
mod copied_workspace;
mod devices_and_mounts;
mod dns;
mod engine_socket;
mod forbidden_host;
mod health_check;
mod host_gateway;
mod ipv6;
mod metadata_address;
mod relay_process;
mod self_check;
mod set_user_id;
mod sidecar_ports;
mod terminal;
mod unvouched_files;

/// The same attempts as on every other backend.
mod everywhere {
    bottle_tests::escape_suite!(bottle_tests::escape::Wall::Docker);
}
