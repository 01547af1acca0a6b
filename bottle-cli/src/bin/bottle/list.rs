//! `bottle list`: bottles over all backends, and the agents and bottle files there are.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Color as Ansi, Style};
use bottle_backend::BottleState;
use bottle_cli::state::{METADATA, Metadata, StateFolder};
use bottle_cli::{Host, ListedBottle, Wiring};
use bottle_manifest::Folders;
use bottle_plan::spec::Color;
use bottle_util::untrusted;
use serde_json::json;

use crate::args::ListArgs;
use crate::output::say;
use crate::report::Failure;
use crate::{choose, output, report};

/// A running or preserved bottle.
struct Row {
    identity: String,
    state: &'static str,
    agent: String,
    backend: String,
    started_at: u64,
    workspace: String,
    color: Option<Color>,
}

/// An agent's or a bottle's file.
struct FileRow {
    kind: &'static str,
    name: String,
    about: String,
    broken: bool,
}

pub(crate) async fn run(host: &Host, args: &ListArgs) -> Result<u8, Failure> {
    let (listed, errors) = Wiring::standard(host).list().await;
    let rows: Vec<Row> = listed.iter().map(|bottle| row(host, bottle)).collect();
    let files = files(&choose::folders(host));
    if args.json {
        return json_output(&rows, &files);
    }
    let piped = !std::io::stdout().is_terminal();
    for row in &rows {
        output::line(&shown(row, piped))?;
    }
    for file in &files {
        let broken = if file.broken { "broken" } else { "" };
        let cells = [file.kind, &file.name, broken, &untrusted::line(&file.about)];
        output::line(&join(&cells, piped))?;
    }
    if rows.is_empty() && files.is_empty() {
        say!("bottle: nothing here yet; `bottle init` writes a bottle and an agent to begin with");
    }
    for error in errors {
        say!("bottle: {}", untrusted::line(&report::chain(&error)));
    }
    Ok(0)
}

fn row(host: &Host, listed: &ListedBottle) -> Row {
    let bottle = &listed.bottle;
    let state = StateFolder::of(&host.state_root(), &bottle.identity);
    let metadata: Option<Metadata> = state.read_json(METADATA).ok();
    let metadata = metadata.as_ref();
    Row {
        identity: bottle.identity.to_string(),
        state: match bottle.state {
            _ if listed.is_detached() => "detached",
            BottleState::Running => "running",
            BottleState::Degraded => "degraded",
            BottleState::Preserved => "preserved",
            BottleState::Starting => "starting",
        },
        agent: metadata.map_or_else(|| "?".to_owned(), |data| data.agent.to_string()),
        backend: listed.backend.to_string(),
        started_at: bottle.owner.started_at,
        workspace: metadata.map_or_else(|| "?".to_owned(), |data| data.workspace.clone()),
        color: metadata.and_then(|data| data.color),
    }
}

fn shown(row: &Row, piped: bool) -> String {
    let started = i64::try_from(row.started_at)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok());
    let started = started.map_or_else(|| "?".to_owned(), |time| time.to_string());
    let cells = [
        "bottle",
        &row.identity,
        row.state,
        &row.agent,
        &row.backend,
        &started,
        &row.workspace,
    ];
    let text = join(&cells, piped);
    let style = row
        .color
        .filter(|_| !piped)
        .map_or_else(Style::new, |color| Style::new().fg_color(Some(ansi(color))));
    format!("{style}{text}{style:#}")
}

/// Tabs for programs, columns for people.
fn join(cells: &[&str], piped: bool) -> String {
    if piped {
        return cells.join("\t");
    }
    let widths = [7, 28, 10, 12, 8, 21, 10];
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

fn files(folders: &Folders) -> Vec<FileRow> {
    let catalog = folders.catalog();
    let agents = catalog.agents.iter().map(|agent| {
        let examined = folders.examine_agent(&agent.name);
        let bottle = examined
            .bottle
            .map_or_else(|| "picked at start".to_owned(), |bottle| format!("in {bottle}"));
        let about = if agent.from_repository {
            format!("{bottle}, shipped by this repository")
        } else {
            bottle
        };
        FileRow {
            kind: "agent",
            name: agent.name.to_string(),
            about,
            broken: examined.diagnostics.has_errors(),
        }
    });
    let bottles = catalog.bottles.iter().map(|bottle| {
        let examined = folders.examine_bottle(&bottle.name);
        let parents: Vec<&str> = examined
            .lineage
            .iter()
            .skip(1)
            .map(|name| name.as_str())
            .collect();
        let about = if parents.is_empty() {
            String::new()
        } else {
            format!("extends {}", parents.join(", "))
        };
        FileRow {
            kind: "file",
            name: bottle.name.to_string(),
            about,
            broken: examined.diagnostics.has_errors(),
        }
    });
    agents.chain(bottles).collect()
}

fn json_output(rows: &[Row], files: &[FileRow]) -> Result<u8, Failure> {
    let bottles: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "identity": row.identity, "state": row.state, "agent": row.agent, "backend": row.backend,
                "started_at": row.started_at, "workspace": row.workspace,
            })
        })
        .collect();
    let of = |kind: &str| -> Vec<_> {
        let files = files.iter().filter(|file| file.kind == kind);
        files
            .map(|file| json!({ "name": file.name, "about": file.about, "broken": file.broken }))
            .collect()
    };
    let all = json!({ "bottles": bottles, "agents": of("agent"), "files": of("file") });
    output::data(&format!("{all:#}\n"))?;
    Ok(0)
}

fn ansi(color: Color) -> Ansi {
    Ansi::Ansi(match color {
        Color::Black => AnsiColor::Black,
        Color::Red => AnsiColor::Red,
        Color::Green => AnsiColor::Green,
        Color::Yellow => AnsiColor::Yellow,
        Color::Blue => AnsiColor::Blue,
        Color::Magenta => AnsiColor::Magenta,
        Color::Cyan => AnsiColor::Cyan,
        Color::White => AnsiColor::White,
        Color::BrightBlack => AnsiColor::BrightBlack,
        Color::BrightRed => AnsiColor::BrightRed,
        Color::BrightGreen => AnsiColor::BrightGreen,
        Color::BrightYellow => AnsiColor::BrightYellow,
        Color::BrightBlue => AnsiColor::BrightBlue,
        Color::BrightMagenta => AnsiColor::BrightMagenta,
        Color::BrightCyan => AnsiColor::BrightCyan,
        Color::BrightWhite => AnsiColor::BrightWhite,
    })
}
