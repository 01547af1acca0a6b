use std::collections::HashMap;

use bollard::models::SystemVersionComponents;

use super::*;

fn version(api: &str, runc: &str, commit: &str) -> SystemVersion {
    SystemVersion {
        version: Some("20.10.24".to_owned()),
        api_version: Some(api.to_owned()),
        components: Some(vec![SystemVersionComponents {
            name: "runc".to_owned(),
            version: runc.to_owned(),
            details: Some(HashMap::from([("GitCommit".to_owned(), commit.to_owned())])),
        }]),
        ..SystemVersion::default()
    }
}

fn info() -> SystemInfo {
    SystemInfo {
        os_type: Some("linux".to_owned()),
        security_options: Some(vec!["name=seccomp,profile=default".to_owned()]),
        ..SystemInfo::default()
    }
}

fn check(runc: &str, commit: &str, usable: bool, warnings: usize) {
    match judge(&version("1.41", runc, commit), &info()) {
        Availability::Usable { warnings: found, .. } => {
            assert!(usable, "{runc} {commit} should be refused");
            assert_eq!(found.len(), warnings, "{runc} {commit}: {found:?}");
        }
        Availability::Unusable { reason, .. } => assert!(!usable, "{runc} {commit}: {reason}"),
    }
}

#[test]
fn a_runc_known_as_vulnerable_is_refused_and_a_mended_one_is_not() {
    check("1.1.12", "v1.1.12-0-g51d5e946", true, 0);
    check("1.2.4", "", true, 0);
    check("1.1.5+ds1", "1.1.5+ds1-1+deb12u1", true, 0);
    check("1.1.5+ds1", "1.1.5+ds1-1+b1", true, 1);
    check("1.0.0~rc93+ds1", "1.0.0~rc93+ds1-5+deb11u3", true, 0);
    check("1.0.0~rc93+ds1", "1.0.0~rc93+ds1-5+deb11u2", true, 1);
    check("1.1.7-0ubuntu1", "1.1.7-0ubuntu1~22.04.2", true, 1);
    check("1.1.11", "v1.1.11-0-g4bccb38", false, 0);
    check("1.0.0-rc95", "b9ee9c6314599f1b4a7f497e1f1f856fe433d3b7", false, 0);
    check("nonsense", "", true, 1);
}

#[test]
fn an_engine_without_what_is_needed_is_refused() {
    let old = judge(&version("1.40", "1.1.12", ""), &info());
    assert!(matches!(old, Availability::Unusable { reason, .. } if reason.contains("too old")));
    let unfiltered = SystemInfo {
        security_options: None,
        ..info()
    };
    let unfiltered = judge(&version("1.41", "1.1.12", ""), &unfiltered);
    assert!(matches!(unfiltered, Availability::Unusable { reason, .. } if reason.contains("system calls")));
}

#[tokio::test]
async fn a_missing_socket_has_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let never = || async { unreachable!("nobody listens") };
    let missing = probe(&folder.path().join("none.sock"), never()).await;
    assert!(matches!(missing, Availability::Unusable { hint, .. } if hint.contains("DOCKER_HOST")));
    let dead = folder.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let dead = probe(&dead, never()).await;
    assert!(matches!(dead, Availability::Unusable { hint, .. } if hint.contains("start")));
}
