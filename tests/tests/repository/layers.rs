//! Who may depend on whom.

use anyhow::{Context, Result};

use crate::workspace::{Package, assert_none, load};

/// The layers, lowest first. A crate uses lower layers only; siblings never use each other.
const LAYERS: &[&[&str]] = &[
    &["bottle-util", "bottle-document"],
    &["bottle-plan", "bottle-scan"],
    &["bottle-wire"],
    &["bottle-backend", "bottle-guest", "bottle-routes"],
    &[
        "bottle-manifest",
        "bottle-provider",
        "bottle-egress",
        "bottle-git-gate",
        "bottle-supervise",
        "bottle-host",
    ],
    &["bottle-backend-", "bottle-contrib-"],
    &["bottle-sidecar", "bottle-cli"],
    &["bottle-tests", "bottle-bench"],
];

/// Edges that the layers would allow and that are wrong all the same.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "bottle-backend-",
        "bottle-provider",
        "a backend knows no provider; they meet in the plan",
    ),
    (
        "bottle-backend-",
        "bottle-manifest",
        "a backend gets a plan, whoever wrote it",
    ),
    ("bottle-backend-", "bottle-egress", "the doors run in the sidecar"),
    (
        "bottle-contrib-",
        "bottle-manifest",
        "a provider gets its settings, not the user's files",
    ),
    (
        "bottle-contrib-",
        "bottle-egress",
        "a provider states its routes as data",
    ),
    (
        "bottle-sidecar",
        "bottle-backend",
        "the sidecar does not know who started it",
    ),
    (
        "bottle-sidecar",
        "bottle-provider",
        "the sidecar serves any agent",
    ),
    (
        "bottle-sidecar",
        "bottle-contrib-",
        "the sidecar serves any agent",
    ),
];

/// Crates that bring a weight or a privilege that only these may carry.
const RESERVED: &[(&str, &[&str])] = &[
    // The command's example is a program of its own.
    ("anyhow", &["bottle-cli", "bottle-tests", "bottle-bench", "xtask"]),
    (
        "bollard",
        &["bottle-backend-docker", "bottle-tests", "bottle-bench"],
    ),
    (
        "clap",
        &[
            "bottle-cli",
            "bottle-sidecar",
            "bottle-tests",
            "bottle-bench",
            "xtask",
        ],
    ),
    ("crossterm", &["bottle-cli"]),
    (
        "hyper",
        &[
            "bottle-egress",
            "bottle-git-gate",
            "bottle-supervise",
            "bottle-backend-docker",
            "bottle-sidecar",
            "bottle-tests",
            "bottle-bench",
        ],
    ),
    ("landlock", &["bottle-guest"]),
    ("ratatui", &["bottle-cli"]),
    (
        "rcgen",
        &[
            "bottle-egress",
            // For its `testing` feature.
            "bottle-backend",
            "bottle-tests",
            "bottle-bench",
        ],
    ),
    // The gate's worker has no network.
    ("seccompiler", &["bottle-guest", "bottle-git-gate"]),
];

fn layer(name: &str) -> Option<usize> {
    let at = |wanted: &str| LAYERS.iter().position(|layer| layer.contains(&wanted));
    at(name).or_else(|| {
        LAYERS
            .iter()
            .position(|layer| layer.iter().any(|known| is_family(known, name)))
    })
}

/// A name that ends in a dash stands for all that begin with it.
fn is_family(known: &str, name: &str) -> bool {
    known.ends_with('-') && name.starts_with(known)
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern == name || is_family(pattern, name)
}

/// The other crates of the workspace that a package uses, for whatever purpose.
fn edges(package: &Package) -> impl Iterator<Item = &str> {
    let paths = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.path.is_some());
    // A crate's tests may ask for a feature of its own.
    paths
        .map(|one| one.name.as_str())
        .filter(|name| *name != package.name)
}

#[test]
fn every_crate_has_a_layer() -> Result<()> {
    let unknown = |package: &Package| package.name != "xtask" && layer(&package.name).is_none();
    let unknown: Vec<String> = load()?
        .packages
        .into_iter()
        .filter(unknown)
        .map(|package| package.name)
        .collect();
    assert_none("a new crate is entered into the table of layers", &unknown);
    Ok(())
}

#[test]
fn crates_use_lower_layers_only() -> Result<()> {
    let mut findings = Vec::new();
    for package in load()?.packages.iter().filter(|package| package.name != "xtask") {
        let own = layer(&package.name).with_context(|| format!("{} has no layer", package.name))?;
        let wrong = edges(package).filter(|used| layer(used).is_none_or(|layer| layer >= own));
        findings.extend(wrong.map(|used| format!("{} uses {used}", package.name)));
    }
    assert_none("a crate uses lower layers only, and no sibling", &findings);
    Ok(())
}

#[test]
fn the_tasks_use_no_crate_of_the_product() -> Result<()> {
    let workspace = load()?;
    let tasks = workspace
        .packages
        .iter()
        .find(|package| package.name == "xtask")
        .context("no xtask")?;
    let used: Vec<String> = edges(tasks).map(str::to_owned).collect();
    assert_none(
        "tasks must build before, and whether or not, the product does",
        &used,
    );
    Ok(())
}

#[test]
fn forbidden_edges_are_not_there() -> Result<()> {
    let mut findings = Vec::new();
    for package in &load()?.packages {
        for (from, to, reason) in FORBIDDEN.iter().filter(|(from, _, _)| fits(from, &package.name)) {
            let wrong = edges(package).filter(|used| fits(to, used));
            findings.extend(wrong.map(|used| format!("{} uses {used} ({from}): {reason}", package.name)));
        }
    }
    assert_none("some edges are wrong although they lead downwards", &findings);
    Ok(())
}

#[test]
fn heavy_crates_stay_where_they_are_needed() -> Result<()> {
    let mut findings = Vec::new();
    for package in &load()?.packages {
        let shipped = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none());
        for dependency in shipped {
            let reserved = RESERVED.iter().find(|(name, _)| *name == dependency.name);
            if reserved.is_some_and(|(_, users)| !users.contains(&package.name.as_str())) {
                findings.push(format!("{} uses {}", package.name, dependency.name));
            }
        }
    }
    assert_none("these dependencies have few, named users", &findings);
    Ok(())
}
