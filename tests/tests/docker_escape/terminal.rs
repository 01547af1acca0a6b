//! What the guest prints reaches the user's terminal without what a terminal would obey.

use std::time::Duration;

use anyhow::Result;
use bottle_tests::harness::Scene;

const LIMIT: Duration = Duration::from_secs(300);

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn osc52_dropped() -> Result<()> {
    let Some(scene) = Scene::set_or_skip("osc52_dropped")? else {
        return Ok(());
    };
    let mut terminal =
        scene
            .stage
            .start_on_terminal(&["start", "tester", "--yes", "--label", &scene.label])?;
    terminal.wait_for(LIMIT, "demo>")?;
    // Set the clipboard; report the title; a device control string; and colour, which is welcome. The line itself is
    // echoed, and must not hold what is looked for.
    let print = r"run: printf '\033]%s;c;aGFja2Vk\007\033[21t\033P+q544e\033\\\033[31mred\033[0m' 52; echo done-$((1+1))";
    terminal.type_text(print)?;
    terminal.type_text("\r")?;
    terminal.wait_for(LIMIT, "done-2")?;
    let raw = terminal.raw();
    for forbidden in [&b"]52;"[..], b"aGFja2Vk\x07", b"\x1b[21t", b"\x1bP"] {
        assert!(
            !contains(&raw, forbidden),
            "{}",
            String::from_utf8_lossy(forbidden)
        );
    }
    assert!(contains(&raw, b"\x1b[31m"), "{}", String::from_utf8_lossy(&raw));
    terminal.type_text("exit 3\r")?;
    assert_eq!(terminal.wait(LIMIT)?, 3);
    Ok(())
}
