//! Every bound of the door, in one place. `docs/limits.md` says in words what happens at each.

use std::time::Duration;

/// The largest request or response head, in bytes, request line and field lines together.
pub const HEAD_BYTES: usize = 64 << 10;
/// The most field lines in a request head.
pub const HEAD_FIELDS: usize = 128;
/// The longest request target, in bytes.
pub const TARGET_BYTES: usize = 16 << 10;
/// The largest trailer section of a chunked body, in bytes.
pub const TRAILER_BYTES: usize = 8 << 10;
/// The longest chunk-size line, in bytes: sixteen hexadecimal digits and the line's end.
pub const CHUNK_LINE_BYTES: usize = 18;
/// How much of a head is read at once, in bytes: what a connection without a request costs.
pub const HEAD_READ_BYTES: usize = 4 << 10;
/// How much of a body is read at once, in bytes.
pub const READ_BYTES: usize = 64 << 10;
/// The buffer of a connection to an upstream, in bytes.
pub const UPSTREAM_BUFFER_BYTES: usize = 64 << 10;
/// The longest body that is read before a decision which depends on it, in bytes; longer ones count as writing.
pub const INSPECTED_BYTES: usize = 64 << 10;
/// The most 1xx answers that are passed on for one request.
pub const INFORMATIONAL_ANSWERS: usize = 8;

/// The most connections of guests at a time.
pub const CONNECTIONS: usize = 1024;
/// How long a connection may stay without a request.
pub const IDLE: Duration = Duration::from_secs(300);
/// How long a request's head may take from its first byte.
pub const HEAD_TIME: Duration = Duration::from_secs(20);
/// How long a TLS handshake may take, on either side.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long a name may take to resolve.
pub const RESOLVE_TIME: Duration = Duration::from_secs(10);
/// How long an answer of the resolver is used again.
pub const RESOLVE_AGE: Duration = Duration::from_secs(30);
/// The most hosts whose addresses are remembered.
pub const RESOLVED_HOSTS: usize = 1024;
/// The most addresses of one host that are looked at; more are refused.
pub const ADDRESSES: usize = 64;
/// The most addresses of one host that are tried.
pub const ADDRESSES_TRIED: usize = 4;
/// How long one address may take to accept a connection.
pub const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a request may go without a byte in either direction.
pub const STALL: Duration = Duration::from_secs(900);
/// How long a request runs before it is watched: for a guest that leaves, a reload that refuses it, a stall.
pub const WATCH_AFTER: Duration = Duration::from_millis(50);
/// How long an upstream may take over `Expect: 100-continue` before the guest is told to go on.
pub const CONTINUE_TIME: Duration = Duration::from_secs(1);
/// How long the rest of a refused request is read, so that its refusal is not lost to a reset.
pub const LINGER_TIME: Duration = Duration::from_secs(5);
/// How much of a refused request's body is read, in bytes.
pub const LINGER_BYTES: u64 = 8 << 20;

/// The most idle upstream connections for one credential and host.
pub const IDLE_UPSTREAMS_PER_KEY: usize = 64;
/// The most idle upstream connections of all.
pub const IDLE_UPSTREAMS: usize = 256;
/// How long an idle upstream connection is kept.
pub const IDLE_UPSTREAM_AGE: Duration = Duration::from_secs(30);

/// How long an idle upstream connection may take to show that it can be used.
pub const READY_TIME: Duration = Duration::from_millis(200);

/// The most leaf certificates that are remembered.
pub const LEAVES: usize = 1024;
/// How long a leaf certificate is valid from now, in days.
pub const LEAF_DAYS: i64 = 7;
/// How long a leaf certificate is used again, in seconds; well below its validity.
pub const LEAF_REUSE_SECONDS: u64 = 24 * 3600;
/// How long before now a certificate's validity begins, in hours: the guest's clock may be slow.
pub const BACKDATE_HOURS: i64 = 24;
/// How long a certificate authority is valid, in days.
pub const AUTHORITY_DAYS: i64 = 30;

/// The most events that wait to be recorded.
pub const EVENTS: usize = 8192;
/// How long a request waits for room among the events before it is refused.
pub const EVENT_TIME: Duration = Duration::from_secs(5);
/// The longest path in an event, in bytes.
pub const EVENT_PATH_BYTES: usize = 512;
/// The longest name of a header field in an event, in bytes.
pub const EVENT_NAME_BYTES: usize = 64;
/// The longest header value in an event, in bytes, escaped.
pub const EVENT_VALUE_BYTES: usize = 256;

/// The shortest credential that can be injected, in bytes: a shorter one cannot be told from other text in answers.
pub const CREDENTIAL_MIN_BYTES: usize = 8;
/// The longest credential that can be injected, in bytes.
pub const CREDENTIAL_MAX_BYTES: usize = 16 << 10;
/// The largest compiled regular expression of a route, in bytes.
pub const REGEX_BYTES: usize = 1 << 20;
