//! The sidecar's image for a bottle with repositories: git and ssh, and the sidecar's own files upon them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bottle_backend::{LaunchError, Progress};
use bottle_plan::git::ExtraScanner;

use super::context::Context;
use super::sidecar::ensure_sidecar_image;
use super::{base, build, find, refused, step};
use crate::engine::Engine;

/// What the git gate needs, below the sidecar's own files. ssh runs for no user that has no name, and the mirrors' folder
/// is that user's from the start: nobody in the container could give it away.
const WITH_GIT: &str = "FROM debian:bookworm-slim
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \\
    if [ -s /run/secrets/ca ]; then set -- -o Acquire::https::CAInfo=/run/secrets/ca; fi \\
 && apt-get \"$@\" update \\
 && apt-get \"$@\" install -y --no-install-recommends ca-certificates git openssh-client \\
 && rm -rf /var/lib/apt/lists/* \\
 && groupadd --gid 64011 git-gate \\
 && useradd --uid 64011 --gid 64011 --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin git-gate \\
 && install -d -o 64011 -g 64011 -m 0700 /git
";

/// Returns the engine's id of the image for a sidecar with a git gate, after building it if need be.
pub(crate) async fn ensure_git_image(
    engine: &Engine,
    binaries: &Path,
    version: &str,
    scanners: &BTreeSet<ExtraScanner>,
    build_ca: Option<&Path>,
    progress: &dyn Progress,
) -> Result<String, LaunchError> {
    let sidecar = ensure_sidecar_image(engine, binaries, version, progress).await?;
    let programs = scanners
        .iter()
        .map(|scanner| installed(*scanner))
        .collect::<Result<Vec<_>, _>>()?;
    let copies = programs
        .iter()
        .map(|(name, _)| format!("COPY {name} /usr/local/bin/{name}\n"));
    let copies: String = copies.collect();
    let dockerfile = format!("{WITH_GIT}{copies}COPY --from={} / /\n", sidecar.reference);
    let context =
        Context::of_text(&dockerfile, &programs).map_err(|error| step("read the build's files", error))?;
    let bases = base::ids(engine, &dockerfile).await?;
    let tag = format!("bottle-sidecar-git:{version}-{}", context.hash(&bases));
    if let Some(id) = find(engine, &tag).await? {
        return Ok(id);
    }
    let _alone = engine.making.of(&tag).await;
    if let Some(id) = find(engine, &tag).await? {
        return Ok(id);
    }
    progress.step("building the git gate's image");
    build::build(engine, &context, &tag, build_ca, progress).await?;
    let id = find(engine, &tag).await?;
    id.ok_or_else(|| refused("the git gate's image is not there after its build".to_owned()))
}

/// The scanner as this machine has it: the image's own system packs none.
fn installed(scanner: ExtraScanner) -> Result<(&'static str, PathBuf), LaunchError> {
    let name = scanner.program();
    let mut candidates = ExtraScanner::FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(name));
    match candidates.find(|path| path.is_file()) {
        Some(path) => Ok((name, path)),
        None => Err(LaunchError::MissingFile {
            what: "a scanner that a repository names in `scan.scanners`",
            path: Path::new(ExtraScanner::FOLDERS[0]).join(name),
        }),
    }
}
