//! Every bound of the sidecar's own processes, in one place. `docs/limits.md` says in words what happens at each.

use std::time::Duration;

/// How long a boot frame may take from its first byte; the first byte itself is waited for without end.
pub const BOOT_TIME: Duration = Duration::from_secs(30);
/// How long a door may take from its start until it listens.
pub const OPEN_TIME: Duration = Duration::from_secs(10);
/// How long a door may take to answer to another policy.
pub const RELOAD_TIME: Duration = Duration::from_secs(10);
/// How long a door gives its open streams when it is told to end.
pub const DRAIN_TIME: Duration = Duration::from_secs(3);
/// How much longer a door may take to end before it is killed.
pub const END_TIME: Duration = Duration::from_secs(2);

/// The pause before a crashed door is started again; doubled with each crash in a row.
pub const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a door must have listened for its next crash to count as a first one.
pub const STEADY: Duration = Duration::from_secs(60);

/// The most messages of doors that wait for the first process; a door that sends more waits.
pub const MESSAGES: usize = 256;
/// The most messages that wait for one door.
pub const ORDERS: usize = 256;

/// The most refusals that the agent can have explained.
pub const DENIALS: usize = 32;
/// The largest file of questions that is read, in bytes; what is written is always smaller.
pub const QUESTIONS_BYTES: u64 = 16 << 20;
/// How long the supervise door waits for the first process.
pub const DESK_TIME: Duration = Duration::from_secs(10);

/// The most control connections at a time; further ones are closed at once.
pub const CONTROL_CONNECTIONS: usize = 16;
/// How long a control connection may stay without a request, or take over one.
pub const CONTROL_TIME: Duration = Duration::from_secs(300);
/// How long control connections get to take their last answer at the end.
pub const CONTROL_END_TIME: Duration = Duration::from_secs(1);

/// The bytes of the event log that wait to be drained at which the doors refuse every new request.
pub const LOG_HOLD_BYTES: u64 = 64 << 20;
/// The most bytes of the event log: the requests that are under way when the doors begin to refuse are still recorded.
/// Beyond it events are counted and not kept.
pub const LOG_BYTES: u64 = 128 << 20;
/// The size at which a new file of the log begins; whole files are removed once they are drained.
pub const SEGMENT_BYTES: u64 = 4 << 20;
/// How long equal refusals are counted before their number is recorded.
pub const REPEAT_TIME: Duration = Duration::from_secs(10);
/// The most different refusals whose repeats are counted at a time.
pub const REPEATS: usize = 64;
/// How soon after a failed write the log is tried again; until it succeeds the doors refuse.
pub const LOG_RETRY: Duration = Duration::from_secs(1);
/// The longest line of the log, in bytes; a longer event is counted and not kept.
pub const LINE_BYTES: usize = 256 << 10;
/// The most bytes of lines in one answer; at least one line is given.
pub const DRAIN_BYTES: usize = 1 << 20;

/// The largest file of the git gate's folder, in bytes: the pack of a fetch that would be larger ends it.
pub const MIRROR_FILE_BYTES: u64 = 16 << 30;

/// The largest relay binary that is copied into the doors folder, in bytes.
pub const RELAY_BYTES: u64 = 64 << 20;
/// How much `ctl` copies at once, in bytes.
pub const CTL_BUFFER: usize = 64 << 10;
