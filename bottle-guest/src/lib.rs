//! A guest without a daemon: Linux namespaces, a tree of mounts, and a first process that runs commands.
//!
//! [`keep`] is the host's side: one process per guest that starts the guest's first process and the relay beside it,
//! and ends with them. [`Channel`] is how a command is run inside: the first process starts it with every restriction
//! that the guest has, and hands its streams out. The agent's processes see neither the relay nor a door's socket.
//!
//! This crate knows no plan, no door and no bottle; whoever starts a guest says what is mounted where.
//!
//! ```
//! use bottle_guest::{Mount, Users};
//!
//! let programs = Mount::Bind { source: "/usr".into(), target: "/usr".into(), writable: false, devices: false };
//! assert_eq!(programs.target(), "/usr");
//! assert_eq!(Users::range_of(7).map(|users| users.host_id(1000)), Some(0x7007_03e8));
//! ```

mod archive;
mod cell;
mod channel;
mod demote;
mod first;
mod group;
mod idmap;
mod keeper;
mod machine;
mod passing;
mod program;
mod restrict;
mod service;
mod spec;
mod supervisor;
mod sys;
mod tree;

pub use archive::{read_tar, write_tar};
pub use channel::{Channel, ChannelError, Reply, Running, SOCKET, Streams, through_folder};
pub use demote::{demote, demote_command};
pub use group::{GROUP, groups_are_delegated, remove_group};
pub use keeper::{LOCK, Order, Told, keep, probe};
pub use machine::{COVERED, SEALED, close_machine, name_machine};
pub use passing::{receive, send};
pub use restrict::allowed_calls;
pub use service::{Shut, Sight, call_as_a_server, call_as_guests_do, see_only};
pub use spec::{GuestSpec, Limits, Mount, Relay, Request, Run, Service, Sidecar, User, Users, Who};
