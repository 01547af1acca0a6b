//! Another proposal in the place of the agent's, written in the user's editor. The text that it opens is ours.

use std::io::Write;

use bottle_cli::Host;
use bottle_supervise::lower::{render, routes};
use bottle_util::{files, untrusted};
use bottle_wire::supervise::{Decision, GrantTime, Proposal, Question, RouteChange};
use tokio::process::Command;

/// The largest file that is read back.
const MOST: u64 = 64 << 10;

/// Opens the proposal; returns the answer, or none when it was left as it is.
pub(super) async fn edit(host: &Host, question: &Question) -> Result<Option<Decision>, String> {
    let Proposal::Routes(change) = &question.proposal else {
        return Err("a held push can be approved or rejected, and not changed".to_owned());
    };
    let before = text(change);
    let mut file = tempfile::Builder::new()
        .suffix(".yaml")
        .tempfile()
        .map_err(|error| error.to_string())?;
    file.write_all(before.as_bytes())
        .map_err(|error| error.to_string())?;
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| host.variables.get(name));
    let editor = editor.map_or("vi", |editor| editor.expose());
    // As git does: the variable is a command of the user's, and may have arguments.
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{editor} \"$1\""), "edit"])
        .arg(file.path())
        .status()
        .await
        .map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("the editor ended with {status}, so nothing was answered"));
    }
    let after = files::read_bounded(file.path(), MOST).map_err(|error| error.to_string())?;
    let after = String::from_utf8(after).map_err(|error| error.to_string())?;
    match after == before {
        true => Ok(None),
        false => modified(&after).map(Some),
    }
}

fn text(change: &RouteChange) -> String {
    let minutes = change
        .minutes
        .map_or_else(|| "bottle".to_owned(), |minutes| minutes.to_string());
    format!(
        "# What you approve in place of the agent's proposal. Leave it as it is to answer nothing.\n\
         # The first line says for how long: minutes: NUMBER, or minutes: bottle.\n\
         minutes: {minutes}\n{}",
        render(change)
    )
}

fn modified(text: &str) -> Result<Decision, String> {
    let mut time = None;
    let mut rest = String::new();
    for line in text.lines() {
        match line.strip_prefix("minutes:").map(str::trim) {
            Some("bottle") => time = Some(GrantTime::Bottle),
            Some(number) => {
                let minutes = number
                    .parse()
                    .map_err(|_| "minutes: must be a number, or bottle".to_owned())?;
                time = Some(GrantTime::Minutes(minutes));
            }
            None => rest.push_str(&format!("{line}\n")),
        }
    }
    let time = time.ok_or("the line minutes: is missing")?;
    let proposal = routes(&rest).map_err(|error| untrusted::line(&error.to_string()))?;
    Ok(Decision::Modify {
        proposal: Box::new(Proposal::Routes(proposal)),
        time,
        notes: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rendered_is_read_back() {
        let change = routes("routes: [{host: a.example.com}]").unwrap();
        let read = modified(&text(&change)).unwrap();
        let expected = Decision::Modify {
            proposal: Box::new(Proposal::Routes(change)),
            time: GrantTime::Bottle,
            notes: String::new(),
        };
        assert_eq!(read, expected);
        let narrowed = "minutes: 5\nroutes: [{host: a.example.com, matches: [{methods: [GET]}]}]";
        assert!(matches!(
            modified(narrowed),
            Ok(Decision::Modify {
                time: GrantTime::Minutes(5),
                ..
            })
        ));
        assert!(modified("routes: []").is_err());
        assert!(modified("minutes: 5\nroutes: [{host: a.example.com, auth: {}}]").is_err());
    }
}
