//! What backends share whose doors are served on the host itself, by a sidecar that is shut in there.
//!
//! Each bottle has one owner-only [`Folder`]: its name is the bottle's claim, its record says what the bottle is, and
//! the lock in it is held by its [`Keeper`], the process that starts the sidecar and ends with it. What a guest is, its
//! backend knows; here it is a value that is written down and read back.
//!
//! ```
//! use bottle_host::{Folder, Guest, Mounted};
//!
//! #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
//! struct NoGuest;
//!
//! impl Guest for NoGuest {
//!     fn mounted(&self) -> Option<&Mounted> {
//!         None
//!     }
//! }
//!
//! let folder = Folder::<NoGuest>::of("/home/me/.bot-bottle/kind".as_ref(), &"demo".parse()?);
//! assert!(folder.record().is_none() && !folder.is_kept()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod boot;
mod check;
mod collect;
mod control;
mod copy;
mod folder;
mod keeper;
mod leftovers;
mod limits;
mod mirrors;
mod mounted;
mod record;
mod sidecar;
mod workspace;

pub use boot::BootStreams;
pub use check::self_checked;
pub use collect::{Pipes, Running, collected};
pub use control::{ask, is_there};
pub use copy::{TarStream, Tars, copy_in, copy_out, guest_failed, put};
pub use folder::{Claim, Folder};
pub use keeper::Keeper;
pub use leftovers::{leftovers, still_left};
pub use limits::processes;
pub use mounted::{Mounted, look};
pub use record::{Guest, Record};
pub use sidecar::{door_sockets, fits, relay_arguments, sidecar};
pub use workspace::{Filled, changed, fill};
