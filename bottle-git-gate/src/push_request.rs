//! The commands at the front of a push (gitprotocol-pack(5), "Reference Update Request and Packfile Transfer").

use crate::limits::{PUSH_HEAD_BYTES, PUSH_OPTIONS, PUSH_REFS};
use crate::object_id::ObjectId;
use crate::pkt_line::{self, Packet, PacketError};

/// What a client wants before it sends its pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushRequest {
    /// The refs and where they are to move.
    pub updates: Vec<Update>,
    /// Push options.
    pub options: Vec<String>,
    /// Whether it signed the push.
    pub is_signed: bool,
    /// Whether it understands bands.
    pub side_band: bool,
    /// Whether it wants a report.
    pub report: bool,
}

/// One ref and where it is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The full name; bytes that are no text are replaced, and such a name is always refused.
    pub name: String,
    /// Where the client believes that it is.
    pub old: ObjectId,
    /// Where it is to be.
    pub new: ObjectId,
}

/// Says why commands cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushRequestError {
    /// The framing is broken.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A line is no command.
    #[error("a line that is no command")]
    Command,
    /// The commands are too long.
    #[error("more than {PUSH_HEAD_BYTES} bytes of commands")]
    TooLong,
    /// There are too many refs or options.
    #[error("more than {PUSH_REFS} refs or {PUSH_OPTIONS} push options")]
    TooMany,
    /// A capability that was not offered.
    #[error("a capability that was not offered")]
    Capability,
}

impl PushRequest {
    /// Tells whether a pack follows.
    #[must_use]
    pub fn has_pack(&self) -> bool {
        self.updates.iter().any(|update| !update.new.is_null())
    }

    /// Reads the commands at the front of `bytes` and says how many bytes they took; none when more are needed.
    ///
    /// # Errors
    ///
    /// When the bytes cannot become commands.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, PushRequestError> {
        match read(bytes)? {
            None if bytes.len() > PUSH_HEAD_BYTES => Err(PushRequestError::TooLong),
            read => Ok(read),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Option<(PushRequest, usize)>, PushRequestError> {
    let mut request = PushRequest::default();
    let (mut rest, mut has_options, mut is_first) = (bytes, false, true);
    loop {
        let Some((packet, behind)) = pkt_line::take(rest)? else {
            return Ok(None);
        };
        rest = behind;
        let Packet::Data(line) = packet else { break };
        let line = match (is_first, line.iter().position(|byte| *byte == 0)) {
            (true, Some(end)) => {
                let (line, capabilities) = line.split_at(end);
                has_options = request.take_capabilities(capabilities)?;
                line
            }
            (_, None) => line,
            (false, Some(_)) => return Err(PushRequestError::Command),
        };
        // Where a shallow history ends is said before the first command, which has the capabilities.
        is_first = is_first && line.starts_with(b"shallow ");
        request.take_line(line)?;
    }
    if has_options {
        loop {
            let Some((packet, behind)) = pkt_line::take(rest)? else {
                return Ok(None);
            };
            rest = behind;
            let Packet::Data(line) = packet else { break };
            if request.options.len() >= PUSH_OPTIONS {
                return Err(PushRequestError::TooMany);
            }
            request.options.push(text(line));
        }
    }
    Ok(Some((request, bytes.len() - rest.len())))
}

impl PushRequest {
    fn take_line(&mut self, line: &[u8]) -> Result<(), PushRequestError> {
        let line = text(line);
        if line.starts_with("push-cert") || self.is_signed {
            self.is_signed = true;
            return Ok(());
        }
        if let Some(id) = line.strip_prefix("shallow ") {
            // The mirror has the whole history: what does not connect there is refused whatever the client says.
            return id
                .parse::<ObjectId>()
                .map(drop)
                .map_err(|_| PushRequestError::Command);
        }
        let mut words = line.splitn(3, ' ');
        let mut id = || words.next().unwrap_or_default().parse::<ObjectId>();
        let (old, new) = (id(), id());
        let (Ok(old), Ok(new), Some(name)) = (old, new, words.next()) else {
            return Err(PushRequestError::Command);
        };
        if old.as_str().len() != new.as_str().len() {
            return Err(PushRequestError::Command);
        }
        if self.updates.len() >= PUSH_REFS {
            return Err(PushRequestError::TooMany);
        }
        let name = name.to_owned();
        self.updates.push(Update { name, old, new });
        Ok(())
    }

    /// Reads capabilities and tells whether push options follow.
    fn take_capabilities(&mut self, capabilities: &[u8]) -> Result<bool, PushRequestError> {
        let mut has_options = false;
        let capabilities = text(capabilities.get(1..).unwrap_or_default());
        for capability in capabilities.split(' ').filter(|word| !word.is_empty()) {
            let name = capability.split('=').next().unwrap_or_default();
            match name {
                "report-status" | "report-status-v2" => self.report = true,
                "side-band-64k" => self.side_band = true,
                "push-options" => has_options = true,
                "delete-refs" | "quiet" | "atomic" | "ofs-delta" | "object-format" | "agent"
                | "session-id" => {}
                "push-cert" => self.is_signed = true,
                _ => return Err(PushRequestError::Capability),
            }
        }
        Ok(has_options)
    }
}

/// A line without its end.
fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn request(lines: &[&str], options: Option<&[&str]>) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            pkt_line::put(&mut out, line.as_bytes());
        }
        pkt_line::put_flush(&mut out);
        for option in options.unwrap_or_default() {
            pkt_line::put(&mut out, option.as_bytes());
        }
        if options.is_some() {
            pkt_line::put_flush(&mut out);
        }
        out
    }

    #[test]
    fn commands_options_and_the_pack_are_told_apart() {
        let first = format!("{A} {B} refs/heads/a\0 report-status side-band-64k push-options agent=git/2");
        let second = format!("{B} {A} refs/heads/b c\n");
        let mut bytes = request(&[&first, &second], Some(&["ci.skip"]));
        let head = bytes.len();
        bytes.extend(b"PACK");
        let (read, taken) = PushRequest::read(&bytes).unwrap().unwrap();
        assert_eq!((taken, read.updates.len()), (head, 2));
        assert_eq!(read.updates[1].name, "refs/heads/b c");
        assert_eq!(read.options, ["ci.skip"]);
        assert!(read.report && read.side_band && read.has_pack() && !read.is_signed);
        for cut in 0..head {
            assert_eq!(PushRequest::read(&bytes[..cut]), Ok(None), "{cut}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused() {
        let zero = "0".repeat(64);
        for line in [
            "x",
            &format!("{A} {B}"),
            &format!("{A} {zero} refs/heads/a"),
            &format!("{A} {B} r\0 multi_ack"),
        ] {
            assert!(PushRequest::read(&request(&[line], None)).is_err(), "{line:?}");
        }
        let line = format!("{A} {B} r");
        let many: Vec<&str> = std::iter::repeat_n(line.as_str(), PUSH_REFS + 1).collect();
        assert_eq!(
            PushRequest::read(&request(&many, None)),
            Err(PushRequestError::TooMany)
        );
    }

    #[test]
    fn a_shallow_history_is_said_before_the_capabilities() {
        let first = format!("shallow {A}\n");
        let second = format!("{A} {B} refs/heads/a\0 report-status");
        let (read, _) = PushRequest::read(&request(&[&first, &second], None))
            .unwrap()
            .unwrap();
        assert!(read.report && read.updates.len() == 1);
    }

    #[test]
    fn a_certificate_is_recognised() {
        let bytes = request(&["push-cert\0report-status", "certificate version 0.1\n"], None);
        assert!(PushRequest::read(&bytes).unwrap().unwrap().0.is_signed);
    }

    #[test]
    fn no_bytes_make_reading_panic() {
        proptest::proptest!(|(bytes: Vec<u8>)| { let _ = PushRequest::read(&bytes); });
        proptest::proptest!(|(lines in proptest::collection::vec("[0-9a-f]{40} [0-9a-f]{40} .{0,20}|.{1,60}", 0..8))| {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let _ = PushRequest::read(&request(&lines, None));
        });
    }
}
