//! The guest's trust store after a start, beside what its own program would have made of it.

use anyhow::Result;
use bottle_tests::harness::Scene;

use crate::coder::WITH_BUILD;

/// Prints the store: what each name in its folder leads to, and the bundle's certificates, one per line, in order.
const STORE: &str = r#"set -e
cd /etc/ssl/certs
for name in *; do printf '%s -> %s %s\n' $name $(readlink $name) $(stat -c %a $name); done
awk '/BEGIN/{c=1} c{printf "%s", $0} /END/{c=0; print ""}' ca-certificates.crt | sort
stat -c '%a %u' /usr/local/share/ca-certificates/* ca-certificates.crt"#;

#[test]
fn adding_one_certificate_comes_to_what_the_system_makes_of_it() -> Result<()> {
    const TEST: &str = "adding_one_certificate_comes_to_what_the_system_makes_of_it";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let guest = format!("bottle-{}-agent", scene.label);
    let engine = scene.engine()?;
    let store = || engine.exec(&guest, "0:0", &["/bin/sh", "-c", STORE]);
    let ours = store()?;
    assert_eq!(ours.status, 0, "{ours:?}");
    assert_eq!(
        ours.stdout.matches("bot-bottle-mitm-ca.pem ->").count(),
        1,
        "{ours:?}"
    );
    let updated = engine.exec(&guest, "0:0", &["/usr/sbin/update-ca-certificates"])?;
    assert_eq!(updated.status, 0, "{updated:?}");
    assert_eq!(ours.stdout, store()?.stdout);
    Ok(())
}

#[test]
fn who_wants_to_hear_of_new_certificates_does() -> Result<()> {
    const TEST: &str = "who_wants_to_hear_of_new_certificates_does";
    let Some(scene) = Scene::set_or_skip(TEST)? else {
        return Ok(());
    };
    let hook = r"RUN printf '#!/bin/sh\ncat > /etc/heard\n' > /etc/ca-certificates/update.d/hears \
 && chmod 755 /etc/ca-certificates/update.d/hears";
    let dockerfile = scene.continue_dockerfile("demo", hook)?;
    let bottle = format!("agent_provider: {{template: demo, dockerfile: {dockerfile}}}\nsupervise: false\n");
    scene.stage.write_bottle("one", &bottle)?;
    let finished = scene
        .start("must: grep -q bot-bottle-mitm-ca /etc/heard")?
        .wait(WITH_BUILD)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    Ok(())
}
