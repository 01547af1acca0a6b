//! Shows what a bottle does: a scripted agent works, tries what it may not, uses a service whose credential it never
//! gets, pushes a commit, and is refused another. Service and repository are local ones. Without an engine the bottle
//! runs in namespaces.

mod scenery;
mod script;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use bottle_tests::harness::{Contents, Needle, read_all};

use crate::scenery::{HOST, Scenery};
use crate::script::SCRIPT;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demonstration failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let scenery = Scenery::set()?;
    heading("This is the whole definition of the bottle");
    quote(&scenery.bottle);
    heading("An agent is started in it, unattended");
    println!("    bottle start tourist --headless --yes --prompt ...\n");
    let started = Instant::now();
    let status = scenery.show(
        &["start", "tourist", "--headless", "--yes", "--keep"],
        Some(&SCRIPT.replace("$REPOSITORY", &scenery.repository())),
    )?;
    ensure!(status == Some(0), "the agent ended with {status:?} instead of 0");
    println!(
        "\n    It ended with status 0 after {:.1} s.",
        started.elapsed().as_secs_f64()
    );
    heading("What the service received");
    received(&scenery)?;
    heading("What the repository received");
    pushed(&scenery)?;
    heading("What was decided on the way out");
    println!("    bottle log {}\n", scenery.label);
    scenery.show(&["log", &scenery.label], None)?;
    heading("What is not shown here");
    println!("    An agent can ask for more, and `bottle supervise` is where you answer.");
    scenery.discard()
}

/// The credential must have arrived, and must not have been in the guest.
fn received(scenery: &Scenery) -> Result<()> {
    let requests = scenery.service.requests().all();
    for request in &requests {
        let credential = request.header("authorization").unwrap_or("none");
        println!("    {} https://{HOST}{}", request.method, request.path);
        println!("    authorization: {credential}");
    }
    let arrived = |request: &_| scenery.has_credential(request);
    ensure!(
        requests.iter().any(arrived),
        "the service did not get the credential"
    );
    let needle = Needle::new(&scenery.token)?;
    let (place, found) = match scenery.stage.engine() {
        Ok(engine) => {
            let container = format!("bottle-{}-agent", scenery.label);
            let in_files = needle.is_in_pieces(|take| engine.read(Contents::FilesOf(&container), take))?;
            let found = in_files || needle.is_in(&engine.inspect(&container)?)?;
            ("The agent's container holds", found)
        }
        // The bottle is preserved: what is left of the guest is all that it had.
        Err(_) => {
            let folder = scenery.stage.bottle_home().join("native").join(&scenery.label);
            let found = needle.is_in_pieces(|take| read_all(&folder, take))?;
            ("The guest's files hold", found)
        }
    };
    ensure!(!found, "the credential was in the guest");
    println!("\n    {place} that credential nowhere: no file, no variable, no argument.");
    Ok(())
}

/// The clean commit must have arrived, and nothing of the other.
fn pushed(scenery: &Scenery) -> Result<()> {
    let (branches, objects) = scenery.host.received()?;
    for branch in &branches {
        println!("    {branch}");
    }
    ensure!(
        branches.iter().any(|branch| branch == "tour/day-1"),
        "the clean commit did not arrive"
    );
    ensure!(!objects.contains("settings"), "the commit with the key arrived");
    println!("\n    The commit with the key never left the bottle's gate.");
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}\n");
}

fn quote(text: &str) {
    for line in text.lines() {
        println!("    {line}");
    }
}
