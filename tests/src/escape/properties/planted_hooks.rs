//! An agent that works in the host's own folder leaves nothing there that programs of the host's act upon unasked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::escape::{Cell, Wall};

/// What editors, shells and git act upon, written, moved away and made anew.
const PLANT: &str = r#"
plant() {
  for file in .git/hooks/post-checkout .vscode/tasks.json .idea/workspace.xml .devcontainer/devcontainer.json \
      .husky/pre-commit .bot-bottle/agents/evil.md; do
    mkdir -p "$(dirname $file)"; echo planted >$file
  done
  echo planted >.envrc
  printf '[core]\n\tfsmonitor = planted\n' >>.git/config
}
plant
for name in .git .vscode .idea .devcontainer .husky .bot-bottle .envrc; do
  mv $name moved-$name; ln -s moved$name $name; rm -rf $name
done
plant
ln -sfn "$PWD" up; cd up && plant; cd .. ; mkdir -p inner && mount --bind inner .vscode
touch worked
true"#;
const HOOKS: [&str; 7] = [
    ".git/hooks/post-checkout",
    ".vscode/tasks.json",
    ".idea/workspace.xml",
    ".devcontainer/devcontainer.json",
    ".husky/pre-commit",
    ".bot-bottle/agents/evil.md",
    ".envrc",
];

/// Hooks, tasks and settings that the agent writes stay in the guest.
pub fn mount_cannot_plant_host_hooks(wall: Wall, test: &'static str) -> Result<()> {
    if wall == Wall::Machine {
        return mounts_are_refused(wall, test);
    }
    let Some(mut cell) = Cell::build_with_or_skip(wall, test, &["--workspace", "mount"], repository)? else {
        return Ok(());
    };
    repository(&cell.yard())?;
    let outside = cell.shell_outside(PLANT)?;
    ensure!(
        planted(&cell.yard()).len() == HOOKS.len() + 1,
        "the twin plants none either: {outside:?}"
    );
    let inside = cell.shell(PLANT)?;
    let folder = cell.stage.directory();
    ensure!(
        folder.join("worked").exists(),
        "the agent cannot work there: {inside:?}"
    );
    ensure!(
        planted(&folder).is_empty(),
        "while it runs: {:?}",
        planted(&folder)
    );
    cell.end()?;
    ensure!(planted(&folder).is_empty(), "at its end: {:?}", planted(&folder));
    Ok(())
}

/// Where root of the guest could take every cover away, a folder of the host's is not mounted at all.
fn mounts_are_refused(wall: Wall, test: &'static str) -> Result<()> {
    let refused = match Cell::build_with_or_skip(wall, test, &["--workspace", "mount"], repository) {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => bail!("a folder of the host's is mounted"),
        Err(error) => format!("{error:#}"),
    };
    ensure!(refused.contains("a mounted workspace"), "{refused}");
    Ok(())
}

/// A repository that everybody may write to, so that no owner is the wall.
fn repository(folder: &Path) -> Result<()> {
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .arg(folder)
        .output()?;
    ensure!(
        made.status.success(),
        "git: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    fs::create_dir(folder.join(".vscode"))?;
    for path in [
        folder,
        &folder.join(".git"),
        &folder.join(".git/hooks"),
        &folder.join(".git/config"),
        &folder.join(".vscode"),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777))?;
    }
    Ok(())
}

fn planted(folder: &Path) -> Vec<&'static str> {
    let mut names: Vec<&str> = HOOKS.to_vec();
    names.push(".git/config");
    names.retain(|name| fs::read_to_string(folder.join(name)).is_ok_and(|text| text.contains("planted")));
    names
}
