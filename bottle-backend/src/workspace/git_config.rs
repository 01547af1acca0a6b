//! A repository's configuration, written anew from what is known to be harmless.
//!
//! The original may hold tokens in addresses and headers, name programs to run, and include files of the user's. The
//! syntax is that of git-config(1), "Syntax".

/// Keys of `core` and `extensions` without which the repository cannot be read, or its files look changed.
const KEPT: [(&str, &str); 11] = [
    ("core", "repositoryformatversion"),
    ("core", "filemode"),
    ("core", "bare"),
    ("core", "ignorecase"),
    ("core", "precomposeunicode"),
    ("core", "symlinks"),
    ("core", "autocrlf"),
    ("core", "eol"),
    ("core", "sparsecheckout"),
    ("extensions", "objectformat"),
    ("extensions", "refstorage"),
];
const KEPT_OF_BRANCH: [&str; 3] = ["remote", "merge", "rebase"];

/// Writes a configuration with the kept keys, and with addresses without credentials.
pub(super) fn rebuild(text: &str) -> String {
    let mut out = String::new();
    let mut open: Option<(String, Option<String>)> = None;
    for setting in settings(text) {
        let Some(value) = kept(&setting) else { continue };
        let section = (setting.section, setting.subsection);
        if open.as_ref() != Some(&section) {
            out.push_str(&header(&section));
            open = Some(section);
        }
        out.push_str(&format!("\t{} = {}\n", setting.key, quoted(&value)));
    }
    out
}

/// Returns what a user's configuration says about their own file of patterns to ignore: the value of
/// `core.excludesFile`, as it stands there.
#[must_use]
pub fn excludes_file(config: &str) -> Option<String> {
    let named = |setting: &Setting| {
        setting.section == "core" && setting.subsection.is_none() && setting.key == "excludesfile"
    };
    settings(config)
        .into_iter()
        .rfind(named)
        .map(|setting| setting.value)
}

/// Returns the value that is written, if any is.
fn kept(setting: &Setting) -> Option<String> {
    let key = setting.key.as_str();
    match (setting.section.as_str(), &setting.subsection) {
        (section, None) if KEPT.contains(&(section, key)) => Some(setting.value.clone()),
        ("remote", Some(_)) if key == "url" => address(&setting.value),
        ("remote", Some(_)) if key == "fetch" => Some(setting.value.clone()),
        ("branch", Some(_)) if KEPT_OF_BRANCH.contains(&key) => Some(setting.value.clone()),
        _ => None,
    }
}

/// Returns an address without user, password, query and fragment; none for what is no plain remote address.
fn address(url: &str) -> Option<String> {
    if url.chars().any(char::is_control) {
        return None;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        // `git@host:path`: the user is part of how ssh is spoken, and holds no secret.
        let (host, path) = url.split_once(':')?;
        let plain = |text: &str| !text.is_empty() && !text.contains('/');
        return (plain(host) && !path.starts_with(':')).then(|| url.to_owned());
    };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(u, h)| (Some(u), h));
    match (scheme, user) {
        ("http" | "https" | "git", _) | ("ssh", None) => Some(format!("{scheme}://{host}/{path}")),
        ("ssh", Some(user)) => {
            let name = user.split(':').next().unwrap_or_default();
            Some(format!("ssh://{name}@{host}/{path}"))
        }
        _ => None,
    }
}

fn header((section, subsection): &(String, Option<String>)) -> String {
    match subsection {
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("[{section} \"{name}\"]\n")
        }
        None => format!("[{section}]\n"),
    }
}

fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// One `key = value` of a section. Section and key are in lower case.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    section: String,
    subsection: Option<String>,
    key: String,
    value: String,
}

/// Reads what can be read. A line that cannot be is passed over: what is not understood is not copied.
fn settings(text: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut section: Option<(String, Option<String>)> = None;
    for line in logical_lines(text) {
        let line = line.trim_start();
        if line.starts_with('[') {
            section = section_of(line);
            continue;
        }
        let Some((name, subsection)) = &section else {
            continue;
        };
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let key = key.trim().to_ascii_lowercase();
        if !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            settings.push(Setting {
                section: name.clone(),
                subsection: subsection.clone(),
                key,
                value: unquoted(value),
            });
        }
    }
    settings
}

/// Joins lines that end in a backslash.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let backslashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
        open.push_str(line);
        if backslashes % 2 == 1 {
            open.pop();
        } else {
            lines.push(std::mem::take(&mut open));
        }
    }
    lines.push(open);
    lines
}

/// Reads `[section]` or `[section "subsection"]`; another form is none.
fn section_of(line: &str) -> Option<(String, Option<String>)> {
    let inner = line.strip_prefix('[')?;
    let end = inner.find([']', '"', ' ', '\t'])?;
    let name = inner.get(..end)?.to_ascii_lowercase();
    let rest = inner.get(end..)?.trim_start();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return None;
    }
    if rest.starts_with(']') {
        return Some((name, None));
    }
    let mut subsection = String::new();
    let mut chars = rest.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => subsection.push(chars.next()?),
            c => subsection.push(c),
        }
    }
    let plain = !subsection.chars().any(char::is_control);
    (plain && chars.as_str().trim_start().starts_with(']')).then_some((name, Some(subsection)))
}

/// Takes quotes, escapes and comments away.
fn unquoted(value: &str) -> String {
    let mut out = String::new();
    let mut in_quotes = false;
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => in_quotes = !in_quotes,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('b') | None => {}
                Some(escaped) => out.push(escaped),
            },
            '#' | ';' if !in_quotes => break,
            c => out.push(c),
        }
    }
    if in_quotes { out } else { out.trim_end().to_owned() }
}

#[cfg(test)]
mod tests;
