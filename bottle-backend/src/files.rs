//! Files on their way between the host and a guest, as streams of tar: what goes in follows no link out of the
//! folder that was named, and what comes out is taken as hostile.

mod beneath;
mod digest;
mod pack;
mod unpack;

pub use digest::{Digest, DigestBuilder, DigestError, tar_holds};
pub use pack::{Entry, EntryKind, Owner as TarOwner, pack, pack_path};
pub use unpack::{Unpacked, unpack};

pub(crate) use beneath::Folder;
pub(crate) use pack::kind;

/// The most parts of a path below the folder that is copied, in either direction.
pub(crate) const DEEPEST: usize = 256;

#[cfg(test)]
mod tests;
