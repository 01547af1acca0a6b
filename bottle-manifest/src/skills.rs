//! Skills on the host: folders that are copied into the guest.

use std::fs;
use std::path::{Path, PathBuf};

use bottle_document::{Diagnostic, Diagnostics, Spanned, nearest, quoted};
use bottle_plan::inputs::Skill;
use bottle_plan::names::Name;

use crate::chain::what_exists;
use crate::folders::Folders;

/// The most files and folders of one skill.
const MAX_ENTRIES: usize = 10_000;

/// Checks that each skill is there and holds no link to something else of the user's.
pub(crate) fn find_skills(
    folders: &Folders,
    names: &[Spanned<Name>],
    diagnostics: &mut Diagnostics,
) -> Vec<Skill> {
    let find = |name: &Spanned<Name>| {
        let folder = folders.skills().join(name.value.as_str());
        let checked = match folder.is_dir() {
            true => check_links(&folder).map_err(|mistake| mistake.at(&name.span)),
            false => Err(missing(&folders.skills(), name)),
        };
        diagnostics.accept(checked).map(|()| Skill {
            name: name.value.clone(),
            folder,
        })
    };
    names.iter().filter_map(find).collect()
}

fn missing(skills: &Path, name: &Spanned<Name>) -> Diagnostic {
    let entries = fs::read_dir(skills)
        .into_iter()
        .flatten()
        .flatten()
        .take(MAX_ENTRIES);
    let mut known: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    known.retain(|known| known.parse::<Name>().is_ok());
    known.sort();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let message = format!(
        "there is no skill {} in {}",
        quoted(name.value.as_str()),
        skills.display()
    );
    let missing = Diagnostic::error("missing-skill", message).at(&name.span);
    let missing = missing.did_you_mean(nearest(name.value.as_str(), known.iter().copied()));
    if known.is_empty() {
        missing
    } else {
        missing.help(what_exists("skills", &known))
    }
}

/// Walks the folder without entering links; each must lead to something inside.
fn check_links(folder: &Path) -> Result<(), Diagnostic> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        let message = format!("cannot read {} of this skill: {error}", path.display());
        Diagnostic::error("unreadable-skill", message)
    };
    let real = folder
        .canonicalize()
        .map_err(|error| unreadable(folder, &error))?;
    let (mut waiting, mut seen): (Vec<PathBuf>, usize) = (vec![real.clone()], 0);
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next)
            .map_err(|error| unreadable(&next, &error))?
            .flatten()
        {
            seen += 1;
            if seen > MAX_ENTRIES {
                let message = format!("this skill has more than {MAX_ENTRIES} files");
                return Err(Diagnostic::error("skill-too-large", message));
            }
            let (path, kind) = (entry.path(), entry.file_type());
            match kind.map_err(|error| unreadable(&path, &error))? {
                kind if kind.is_dir() => waiting.push(path),
                kind if kind.is_symlink() => check_link(&path, &real)?,
                kind if kind.is_file() => {}
                _ => return Err(not_a_file(&path, &real)),
            }
        }
    }
    Ok(())
}

/// A pipe would be waited for, and a socket leads to somebody.
fn not_a_file(path: &Path, folder: &Path) -> Diagnostic {
    let message = format!("{} of this skill is no file, folder or link", shown(path, folder));
    Diagnostic::error("skill-file", message)
}

fn shown(path: &Path, folder: &Path) -> String {
    quoted(&path.strip_prefix(folder).unwrap_or(path).display().to_string())
}

fn check_link(link: &Path, folder: &Path) -> Result<(), Diagnostic> {
    if link.canonicalize().is_ok_and(|target| target.starts_with(folder)) {
        return Ok(());
    }
    Err(Diagnostic::error(
        "skill-link",
        format!("the link {} leaves the skill's folder", shown(link, folder)),
    )
    .help("put a copy of what it leads to there"))
}
