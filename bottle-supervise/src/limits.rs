//! Every bound on what an agent may ask, in one place. `docs/limits.md` says in words what happens at each.

/// The most open questions of one bottle.
pub const QUESTIONS: usize = 64;
/// The most questions that are remembered once they were answered.
pub const ANSWERED: usize = 64;
/// The most approvals that hold at a time.
pub const GRANTS: usize = 64;
/// The most bytes of a justification or a note.
pub const WORDS_BYTES: usize = 2000;
/// The most bytes of a reason or of notes in an answer.
pub const REASON_BYTES: usize = 2000;
/// The most notes that are kept for the human.
pub const NOTES: usize = 20;
/// The most routes that one proposal adds, and the most that it removes.
pub const CHANGES: usize = 16;
/// The most entries of `matches` of a proposed route, and the most paths or methods of each.
pub const MATCHES: usize = 16;
/// The most refs, CI files and findings of one held push.
pub const PUSH_LINES: usize = 64;
/// The most bytes of the YAML of one proposal, or of a held push as JSON.
pub const PROPOSAL_BYTES: usize = 16 << 10;
/// The longest time that can be asked for or granted, in minutes: a week.
pub const MINUTES: u32 = 7 * 24 * 60;

/// How long a question stays open, in milliseconds.
pub const OPEN_TIME: u64 = 4 * 60 * 60 * 1000;
/// How long an approval for once waits for its use, in milliseconds.
pub const ONCE_TIME: u64 = 10 * 60 * 1000;
/// How many rejections in a row mute a bottle.
pub const REJECTIONS: u32 = 3;
/// How long a bottle is muted, in milliseconds.
pub const MUTE_TIME: u64 = 10 * 60 * 1000;
