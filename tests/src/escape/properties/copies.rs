//! What is brought back from a guest leads nowhere on the host, whatever the agent does while it is read.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::escape::{Cell, Wall};

const LIMIT: Duration = Duration::from_secs(120);
/// How often it is brought back while names change their meaning.
const ROUNDS: usize = 5;

/// Links out, pipes and programs that become their owner do not arrive, and no link is followed on the way.
pub fn files_brought_back_follow_no_link(wall: Wall, test: &'static str) -> Result<()> {
    let Some(cell) = Cell::build_or_skip(wall, test)? else {
        return Ok(());
    };
    let (file, folder) = (cell.value("{file}")?, cell.value("{folder}")?);
    let plant = format!(
        "ln -s {file} link; ln -s {folder} out; mkfifo pipe; cp attempt owner && chmod 6755 owner; \
         ln -s ../../../../../../../..{file} climbing; mkdir -p real/deep; echo planted >real/deep/planted"
    );
    let outside = cell.shell_outside(&format!(
        "mkdir w && cd w && cp ../attempt . && {plant} && rm pipe && cp -rL . ../back"
    ))?;
    let copied = fs::read_to_string(cell.yard().join("back/link")).unwrap_or_default();
    ensure!(
        copied == "private",
        "the twin follows no link either: {outside:?}"
    );
    let swap = format!(
        "(while :; do mv real kept; ln -s {folder} real; rm real; mv kept real; \
         ln -sfn {file} turning; rm turning; echo >turning; rm turning; done) >/dev/null 2>&1 </dev/null & disown; true"
    );
    for line in [&plant, &swap] {
        let inside = cell.shell(line)?;
        ensure!(inside.status == 0, "{inside:?}");
    }
    let mut came = 0;
    for round in 0..ROUNDS {
        let into = cell.stage.directory().join(format!("back-{round}"));
        let pulled = cell
            .stage
            .run(&["pull", &cell.label, "--files", &into.to_string_lossy()], LIMIT)?;
        // A name that is gone when it is read may end the copy; half of one must be as harmless.
        came += usize::from(pulled.status == 0);
        if into.exists() {
            look(&into, &into)?;
        }
    }
    ensure!(came > 0, "nothing was brought back at all");
    ensure!(
        !Path::new(&folder).join("deep").exists() && !Path::new(&folder).join("planted").exists(),
        "it wrote outside"
    );
    ensure!(
        fs::read_to_string(&file)? == "private",
        "it changed a file of the host's"
    );
    Ok(())
}

fn look(folder: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        let kind = meta.file_type();
        let shown = path.display();
        ensure!(
            !kind.is_fifo() && !kind.is_socket() && !kind.is_char_device(),
            "{shown} is no file"
        );
        if kind.is_symlink() {
            let target = path.canonicalize();
            ensure!(
                target.as_ref().is_ok_and(|target| target.starts_with(root)),
                "{shown} leads to {target:?}"
            );
        } else if kind.is_dir() {
            look(&path, root)?;
        } else {
            ensure!(
                meta.permissions().mode() & 0o6000 == 0,
                "{shown} becomes its owner"
            );
            ensure!(fs::read(&path)? != b"private", "{shown} is the host's");
        }
    }
    Ok(())
}
