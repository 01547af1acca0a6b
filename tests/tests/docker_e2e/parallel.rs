//! Many starts at once.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use bottle_tests::harness::Scene;

use crate::QUICK;

const STARTS: usize = 6;

/// The name that a start gave its bottle, from the first line of its preflight.
fn name(said: &str) -> Option<&str> {
    let line = said
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("bottle  "))?;
    line.split_whitespace().nth(1)
}

#[test]
fn six_starts_at_once_of_one_label_all_run_under_names_of_their_own() -> Result<()> {
    const TEST: &str = "six_starts_at_once_of_one_label_all_run_under_names_of_their_own";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let running: Vec<_> = (0..STARTS)
        .map(|number| {
            scene.start(&format!(
                "must: curl -sS --fail https://upstream.test/echo?start={number} > /dev/null"
            ))
        })
        .collect::<Result<_>>()?;
    let mut names = BTreeSet::new();
    for start in running {
        let finished = start.wait(QUICK * 3)?;
        assert_eq!(finished.status, 0, "{finished:?}");
        let name = name(&finished.stderr).context(finished.stderr.clone())?;
        assert!(names.insert(name.to_owned()), "{name} was given twice");
    }
    assert_eq!(names.len(), STARTS, "{names:?}");
    let asked: BTreeSet<String> = scene
        .upstream
        .requests()
        .all()
        .into_iter()
        .map(|request| request.path)
        .collect();
    let wanted: BTreeSet<String> = (0..STARTS)
        .map(|number| format!("/echo?start={number}"))
        .collect();
    assert_eq!(asked, wanted);
    for name in &names {
        assert_eq!(scene.engine()?.objects(name)?, []);
    }
    assert_eq!(scene.stage.states()?, [""; 0]);
    assert_eq!(scene.stage.processes()?, [""; 0]);
    Ok(())
}
