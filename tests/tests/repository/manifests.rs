//! What each crate's manifest must say.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::workspace::{Package, assert_none, load, root};

/// The folder that a package of this name lives in.
fn expected_folder(name: &str) -> String {
    match (name, name.strip_prefix("bottle-contrib-")) {
        ("bottle-tests", _) => "tests".to_owned(),
        ("bottle-bench", _) => "bench".to_owned(),
        (_, Some(provider)) => format!("contrib/{provider}"),
        _ => name.to_owned(),
    }
}

fn findings(check: impl Fn(&Package, &str) -> Result<Vec<String>>) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in &load()?.packages {
        let manifest = fs::read_to_string(&package.manifest_path)?;
        let found = check(package, &manifest)?;
        findings.extend(
            found
                .into_iter()
                .map(|finding| format!("{}: {finding}", package.name)),
        );
    }
    Ok(findings)
}

#[test]
fn a_crate_has_the_name_of_its_folder() -> Result<()> {
    let wrong = findings(|package, _| {
        let folder = package.folder()?.strip_prefix(root()?)?;
        let expected = expected_folder(&package.name);
        Ok(if folder == Path::new(&expected) {
            vec![]
        } else {
            vec![format!("lies in {}", folder.display())]
        })
    })?;
    assert_none("folder name = crate name", &wrong);
    Ok(())
}

#[test]
fn every_crate_takes_lints_and_versions_from_the_workspace() -> Result<()> {
    let wrong = findings(|_, manifest| {
        let lines = ["version", "edition", "rust-version", "license", "publish"];
        let wanted = lines.map(|key| format!("\n{key}.workspace = true\n"));
        let wanted = wanted
            .into_iter()
            .chain(["\n[lints]\nworkspace = true\n".to_owned()]);
        Ok(wanted
            .filter(|line| !manifest.contains(line))
            .map(|line| format!("lacks {line:?}"))
            .collect())
    })?;
    assert_none("what is the same everywhere is said once", &wrong);
    Ok(())
}

#[test]
fn versions_of_dependencies_stand_in_the_root_alone() -> Result<()> {
    let wrong = findings(|_, manifest| {
        let mut section = "";
        let mut wrong = Vec::new();
        for line in manifest
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies") && !line.contains("workspace = true") {
                wrong.push(line.to_owned());
            }
        }
        Ok(wrong)
    })?;
    assert_none("a dependency is `x.workspace = true`", &wrong);
    Ok(())
}

#[test]
fn every_crate_says_in_a_sentence_what_it_is() -> Result<()> {
    let wrong = findings(|_, manifest| {
        let described = manifest
            .lines()
            .any(|line| line.starts_with("description = \"") && line.ends_with(".\""));
        Ok(if described {
            vec![]
        } else {
            vec!["has no description that ends with a full stop".to_owned()]
        })
    })?;
    assert_none("a stranger understands a crate from one sentence", &wrong);
    Ok(())
}
