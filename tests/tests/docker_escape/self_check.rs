//! The look from inside before the agent runs believes nothing that an image could forge.

use anyhow::Result;
use bottle_tests::harness::{Neighbour, Scene};

/// Every program that a careless check would ask says that all is well, and leaves a trace.
const LIES: &str = r#"RUN mkdir /lies && touch /lies/.asked && chmod 0666 /lies/.asked \
 && for tool in sh ip ifconfig route ss cat ls id env getent grep test stat find mount curl update-ca-certificates \
      chown chmod mkdir install tar cp; do \
      printf '#!/bin/dash\necho "$(/usr/bin/id -u) %s $*" >>/lies/.asked\nexit 0\n' "$tool" >/lies/$tool; \
      chmod 0755 /lies/$tool; done
ENV PATH=/lies:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"#;

#[test]
fn self_check_survives_lying_guest_tools() -> Result<()> {
    let Some(mut scene) = Scene::set_or_skip("self_check_survives_lying_guest_tools")? else {
        return Ok(());
    };
    let dockerfile = scene.continue_dockerfile("demo", LIES)?;
    let bottle = format!("agent_provider: {{template: demo, dockerfile: {dockerfile}}}\nsupervise: false\n");
    scene.stage.write_bottle("one", &bottle)?;
    let _running = scene.start_waiting()?;
    let engine = scene.engine()?;
    // What the agent's own user runs is the agent's affair.
    let asked = engine.exec(
        &scene.agent(),
        "0:0",
        &["/bin/grep", "-v", "^1000 ", "/lies/.asked"],
    )?;
    assert_eq!(
        (asked.status, &*asked.stdout),
        (1, ""),
        "somebody else asked the image's tools"
    );
    let inspected: serde_json::Value = serde_json::from_str(&engine.inspect(&scene.agent())?)?;
    let image = inspected
        .get("Image")
        .and_then(|image| image.as_str())
        .unwrap_or_default()
        .to_owned();
    let doors = format!("bottle-{}-doors", scene.label);
    let check = ["/doors/relay", "self-check", "9099=/doors/egress.sock"];
    let well = engine.exec(&scene.agent(), "1000:1000", &check)?;
    assert_eq!(well.status, 0, "{well:?}");
    // The same tools, the same door, and a network.
    let exposed = Neighbour {
        image,
        volume: Some((doors, "/doors".to_owned())),
        ..Neighbour::default()
    };
    let label = scene.stage.label("exposed");
    let engine = scene.engine()?;
    let exposed = engine.start_neighbour(&label, &exposed)?;
    let found = engine.exec(&exposed, "1000:1000", &check)?;
    assert_eq!(found.status, 1, "{found:?}");
    assert!(found.stdout.contains("eth0"), "{found:?}");
    Ok(())
}
