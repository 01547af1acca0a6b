//! Questions and answers of DNS (RFC 1035), as much of them as a resolver for addresses needs.

use std::net::Ipv4Addr;

/// The longest message that is read, in bytes: what programs announce who avoid fragments (RFC 9715).
pub(super) const MOST_BYTES: usize = 1232;

/// How long an answer may be used, in seconds.
const SECONDS: u32 = 10;
const HEADER: usize = 12;
/// The longest name as it stands in a message (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 255;
const INTERNET: u16 = 1;
const ADDRESS: u16 = 1;
const ANY: u16 = 255;
const OPTIONS: u16 = 41;
/// The bit of the flags that tells an answer from a question.
const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const RECURSION_DESIRED: u8 = 0x01;
const RECURSION_AVAILABLE: u8 = 0x80;
/// Where the question's name begins, as a pointer to it (RFC 1035, section 4.1.4).
const POINTER_TO_NAME: u16 = 0xc000 | 12;

/// One question, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    id: [u8; 2],
    recursion: bool,
    /// The name, type and class as they came: an answer repeats them, whatever their case.
    wire: Vec<u8>,
    /// Whether the question brought options (RFC 6891), so that the answer does too.
    options: bool,
    /// The name in lower case, if it could be that of a host.
    pub(super) host: Option<String>,
    /// What is asked about it.
    pub(super) about: About,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The IPv4 address.
    Address,
    /// Anything else of the Internet class.
    Other,
    /// Another class.
    Foreign,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no question at all, and gets no answer.
    NoQuestion,
    /// It gets this answer.
    Answer(Vec<u8>),
}

/// What a question is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// One address.
    Address(Ipv4Addr),
    /// The name is there, and has nothing of that kind.
    Nothing,
    /// There is no such name.
    NoName,
    /// It cannot be said.
    Failure,
    /// It is not said.
    Refusal,
}

/// What the low bits of the flags say (RFC 1035, section 4.1.1).
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Code {
    Ok = 0,
    Malformed = 1,
    Failure = 2,
    NoName = 3,
    Unknown = 4,
    Refused = 5,
}

impl Question {
    /// Reads a message that must hold one question, at most options beside it, and nothing else.
    pub(super) fn parse(message: &[u8]) -> Result<Self, Fault> {
        let Some((&[id0, id1, flags, _, counts @ ..], rest)) = message.split_first_chunk::<HEADER>() else {
            return Err(Fault::NoQuestion);
        };
        if flags & RESPONSE != 0 {
            return Err(Fault::NoQuestion);
        }
        let (id, recursion) = ([id0, id1], flags & RECURSION_DESIRED != 0);
        let fault = |code| Fault::Answer(header(id, recursion, code, [0; 8]).to_vec());
        if flags & OPCODE != 0 {
            return Err(fault(Code::Unknown));
        }
        let options = match counts {
            [0, 1, 0, 0, 0, 0, 0, additional @ (0 | 1)] => additional == 1,
            _ => return Err(fault(Code::Malformed)),
        };
        Self::read(id, recursion, rest, options).ok_or_else(|| fault(Code::Malformed))
    }

    fn read(id: [u8; 2], recursion: bool, bytes: &[u8], options: bool) -> Option<Self> {
        let (host, after) = name(bytes)?;
        let (&[kind0, kind1, class0, class1], rest) = after.split_first_chunk::<4>()?;
        let ends = match options {
            true => is_options(rest),
            false => rest.is_empty(),
        };
        let wire = bytes.get(..bytes.len() - rest.len())?;
        let (kind, class) = (
            u16::from_be_bytes([kind0, kind1]),
            u16::from_be_bytes([class0, class1]),
        );
        let about = match (class, kind) {
            (INTERNET, ADDRESS | ANY) => About::Address,
            (INTERNET, _) => About::Other,
            _ => About::Foreign,
        };
        ends.then(|| Self {
            id,
            recursion,
            wire: wire.to_owned(),
            options,
            host,
            about,
        })
    }

    /// Writes an answer to the question.
    pub(super) fn answer(&self, answer: Answer) -> Vec<u8> {
        let (code, address) = match answer {
            Answer::Address(address) => (Code::Ok, Some(address)),
            Answer::Nothing => (Code::Ok, None),
            Answer::NoName => (Code::NoName, None),
            Answer::Failure => (Code::Failure, None),
            Answer::Refusal => (Code::Refused, None),
        };
        let counts = [
            0,
            1,
            0,
            u8::from(address.is_some()),
            0,
            0,
            0,
            u8::from(self.options),
        ];
        let mut message = header(self.id, self.recursion, code, counts).to_vec();
        message.extend(&self.wire);
        if let Some(address) = address {
            message.extend(POINTER_TO_NAME.to_be_bytes());
            message.extend(ADDRESS.to_be_bytes());
            message.extend(INTERNET.to_be_bytes());
            message.extend(SECONDS.to_be_bytes());
            message.extend([0, 4]);
            message.extend(address.octets());
        }
        if self.options {
            // The root's name, the type, how long a message may be, and nothing more (RFC 6891, section 6.1.2).
            message.push(0);
            message.extend(OPTIONS.to_be_bytes());
            message.extend([0x04, 0xd0]);
            message.extend([0; 6]);
        }
        message
    }
}

fn header([id0, id1]: [u8; 2], recursion: bool, code: Code, counts: [u8; 8]) -> [u8; HEADER] {
    let flags = RESPONSE | if recursion { RECURSION_DESIRED } else { 0 };
    let [a, b, c, d, e, f, g, h] = counts;
    [
        id0,
        id1,
        flags,
        RECURSION_AVAILABLE | code as u8,
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
    ]
}

/// Reads a name without pointers, and gives it as text if each of its labels could be a host's.
fn name(bytes: &[u8]) -> Option<(Option<String>, &[u8])> {
    let (mut text, mut plain) = (String::new(), true);
    let mut rest = bytes;
    loop {
        let (&length, after) = rest.split_first()?;
        if length == 0 {
            let host = (plain && !text.is_empty()).then_some(text);
            return (bytes.len() - after.len() <= LONGEST_NAME).then_some((host, after));
        }
        // Larger numbers are pointers, which have nothing to point to in a question.
        if length > 63 || bytes.len() - rest.len() > LONGEST_NAME {
            return None;
        }
        let (label, after) = after.split_at_checked(usize::from(length))?;
        plain &= label
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if plain {
            if !text.is_empty() {
                text.push('.');
            }
            text.extend(label.iter().map(|b| char::from(b.to_ascii_lowercase())));
        }
        rest = after;
    }
}

/// Tells whether the bytes are one record of options and nothing else.
fn is_options(bytes: &[u8]) -> bool {
    let Some((&[root, kind0, kind1, _, _, _, _, _, _, length0, length1], data)) = bytes.split_first_chunk()
    else {
        return false;
    };
    let length = usize::from(u16::from_be_bytes([length0, length1]));
    root == 0 && u16::from_be_bytes([kind0, kind1]) == OPTIONS && data.len() == length
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
