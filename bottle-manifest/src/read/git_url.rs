//! The address of an upstream repository.

use bottle_document::{Diagnostic, Diagnostics, Entry, quoted};
use bottle_plan::egress::HostName;

/// How an upstream is reached; nothing else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Ssh,
    Https,
}

/// What is wrong with an address.
struct Refusal {
    code: &'static str,
    message: &'static str,
    help: &'static str,
}

pub(super) fn read_url(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<(Transport, String)> {
    let url = bottle_routes::text(entry, diagnostics)?;
    match check(&url.value) {
        Ok(transport) => Some((transport, url.value)),
        Err(Refusal { code, message, help }) => {
            if may_hold_a_secret(&url.value) {
                diagnostics.hide(&url.span);
            }
            diagnostics.report(Diagnostic::error(code, message).at(&url.span).help(help));
            None
        }
    }
}

/// Whether something before an `@` is more than the plain user of an ssh address.
fn may_hold_a_secret(url: &str) -> bool {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let user = address.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| !is_user(user) || url.starts_with("http"))
}

fn check(url: &str) -> Result<Transport, Refusal> {
    const FORM: &str = "write ssh://git@host[:port]/path or https://host[:port]/path";
    let (transport, rest) = match url.split_once("://") {
        Some(("ssh", rest)) => (Transport::Ssh, rest),
        Some(("https", rest)) => (Transport::Https, rest),
        Some(_) => return Err(bad("a repository is reached by ssh or https only", FORM)),
        None if url.contains(':') => {
            let help = "write git@host:team/app.git as ssh://git@host/team/app.git";
            return Err(bad("the short form of an ssh address is not read", help));
        }
        None => return Err(bad("this is not the address of a repository", FORM)),
    };
    let (authority, path) = rest.split_once('/').ok_or(bad("the address has no path", FORM))?;
    check_authority(transport, authority)?;
    check_path(path)?;
    Ok(transport)
}

fn check_authority(transport: Transport, authority: &str) -> Result<(), Refusal> {
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    match (transport, user) {
        (_, None) => {}
        (Transport::Https, Some(_)) => {
            let help = "name the credential in `key: {provider: token, token_ref: NAME}`";
            let message = "an https address cannot hold a user or credential";
            return Err(Refusal {
                code: "literal-secret",
                message,
                help,
            });
        }
        (Transport::Ssh, Some(user)) if is_user(user) => {}
        (Transport::Ssh, Some(_)) => {
            let help = "letters, digits, `.`, `_` and `-`; a password is never written into a file";
            return Err(bad("this is not the user of an ssh address", help));
        }
    }
    check_host(host)
}

fn is_user(user: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&user.len()) && !user.starts_with('-') && user.bytes().all(is_plain)
}

fn check_host(text: &str) -> Result<(), Refusal> {
    const HELP: &str =
        "a host is a name such as git.example.com or an address, with an optional port from 1 to 65535";
    let is_whole = text.starts_with('[') && text.ends_with(']');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_whole => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port != 0)
    };
    // An IPv6 address stands in brackets here, so that its last part is not read as a port.
    let is_host = host.parse::<HostName>().is_ok() && (!host.contains(':') || host.starts_with('['));
    if is_host && port.is_none_or(is_port) {
        return Ok(());
    }
    Err(bad("the host of this address cannot be read", HELP))
}

fn check_path(path: &str) -> Result<(), Refusal> {
    const HELP: &str = "write the path plainly, as in /team/app.git";
    let refuse = |message| Err(bad(message, HELP));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#\\\"'`<>|^{}".contains(&byte);
    match path {
        "" => refuse("the address has no path"),
        _ if !path.bytes().all(is_plain) => {
            refuse("the path of this address holds characters that are not allowed")
        }
        _ if path.split('/').any(|segment| matches!(segment, "." | "..")) => {
            refuse("the path of this address holds dots")
        }
        _ if path.split('/').any(|segment| segment.starts_with('-')) => {
            refuse("a part of this path could be read as an option")
        }
        _ => Ok(()),
    }
}

fn bad(message: &'static str, help: &'static str) -> Refusal {
    Refusal {
        code: "bad-git-url",
        message,
        help,
    }
}

/// A pinned host key: `<type> <base64>`, where the type inside the key is the one that is written.
pub(super) fn check_host_key(entry: &Entry, key: &str) -> Result<(), Diagnostic> {
    let types = [
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-rsa",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ];
    let mut words = key.split(' ');
    let (kind, blob) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let decoded = data_encoding::BASE64.decode(blob.as_bytes()).unwrap_or_default();
    let names_itself = decoded.split_first_chunk().is_some_and(|(length, rest)| {
        u32::from_be_bytes(*length) as usize == kind.len() && rest.starts_with(kind.as_bytes())
    });
    if types.contains(&kind) && names_itself && words.next().is_none() {
        return Ok(());
    }
    let help = "write type and key as `ssh-keyscan` prints them behind the host, and compare them with what the host publishes";
    Err(
        Diagnostic::error("bad-host-key", format!("{} is not a host key", quoted(key)))
            .at(&entry.node.span)
            .help(help),
    )
}
