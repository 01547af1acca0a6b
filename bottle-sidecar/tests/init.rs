//! `bottle-sidecar init` as a process: boot, doors that come back, control, drain.
#![cfg(test)]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use bottle_plan::egress::{AuthScheme, EgressPlan, Route, RouteAuth, RouteOwner};
use bottle_wire::boot::BootAnswer;
use bottle_wire::chain::{Head, Line};
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::frame;
use common::sidecar::{CHAIN_KEY, SIDECAR, Sidecar, boot, command};
use common::{PATIENCE, Process, signal_process, until};
use rustix::process::Signal;

fn plan(host: &str, slot: Option<&str>) -> EgressPlan {
    let mut route = Route::to(host.parse().unwrap(), RouteOwner::Manifest);
    route.auth = slot.map(|slot| RouteAuth {
        scheme: AuthScheme::Bearer,
        slot: slot.parse().unwrap(),
    });
    EgressPlan {
        routes: vec![route],
        ..EgressPlan::default()
    }
}

fn whats(lines: &[String]) -> Vec<String> {
    let whats = lines.iter().map(|line| {
        let line: Line = serde_json::from_str(line).unwrap();
        format!("{:?}", line.event.what)
    });
    whats.collect()
}

fn verify(lines: &[String]) -> u64 {
    let lines = lines.iter().map(String::as_str);
    bottle_wire::chain::verify(lines, CHAIN_KEY.as_bytes(), &Head::start()).unwrap()
}

#[test]
fn a_boot_frame_opens_the_doors_and_puts_the_relay_into_its_place() {
    let sidecar = Sidecar::booted();
    let mode = |name: &str| fs::metadata(sidecar.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("doors"), 0o755);
    assert_eq!(mode("doors/egress.sock"), 0o666);
    assert_eq!(mode("doors/relay"), 0o755);
    assert_eq!(mode("run"), 0o700);
    assert_eq!(mode("run/control.sock"), 0o600);
    assert_eq!(mode("events"), 0o700);
    let copied = fs::read(sidecar.path("doors/relay")).unwrap();
    assert!(copied == fs::read(common::RELAY).unwrap());
    assert_eq!(sidecar.allowlist(), "HTTP/1.1 200 OK");
}

#[test]
fn a_sidecar_on_a_host_and_its_doors_are_filtered_and_gain_nothing() {
    let sidecar = Sidecar::booted();
    for process in sidecar.doors().into_iter().chain([sidecar.process.pid()]) {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        for line in ["\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"] {
            assert!(status.contains(line), "{status}");
        }
    }
}

#[test]
fn a_door_has_nothing_of_its_callers_and_its_own_user() {
    let sidecar = Sidecar::booted();
    let [door] = sidecar.doors()[..] else {
        panic!("{:?}", sidecar.doors());
    };
    let process = |name: &str| fs::read_to_string(format!("/proc/{door}/{name}"));
    let status = process("status").unwrap();
    assert!(status.contains("\nNoNewPrivs:\t1\n"), "{status}");
    assert_eq!(process("cmdline").unwrap(), "bottle-sidecar\0door\0egress\0");
    if !common::is_root("a_door_has_nothing_of_its_callers_and_its_own_user") {
        return;
    }
    assert!(
        status.contains("\nUid:\t64010\t64010\t64010\t64010\n"),
        "{status}"
    );
    assert!(
        status.contains("\nGid:\t64010\t64010\t64010\t64010\n"),
        "{status}"
    );
    assert!(status.contains("\nGroups:\t \n"), "{status}");
    assert!(status.contains("\nCapEff:\t0000000000000000\n"), "{status}");
    assert_eq!(process("environ").unwrap(), "");
    // The kernel gives the files of a process that is not dumpable to root.
    assert_eq!(fs::metadata(format!("/proc/{door}/environ")).unwrap().uid(), 0);
}

#[test]
fn init_itself_cannot_be_read_by_its_own_user() {
    if !common::is_root("init_itself_cannot_be_read_by_its_own_user") {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut plain = command(&root, &root.path().join("run/control.sock"));
    std::os::unix::process::CommandExt::uid(&mut plain, 64099);
    let process = Process::start(&mut plain);
    let sidecar = Sidecar { root, process };
    assert!(!sidecar.status().booted);
    let environ = fs::metadata(format!("/proc/{}/environ", sidecar.process.pid())).unwrap();
    assert_eq!(environ.uid(), 0);
}

#[test]
fn a_killed_door_comes_back_while_its_socket_stays() {
    let sidecar = Sidecar::booted();
    let first = sidecar.doors();
    let socket = fs::metadata(sidecar.path("doors/egress.sock")).unwrap().ino();
    for pid in &first {
        signal_process(*pid, Signal::KILL);
    }
    // Connections queue at the socket, which no crash closes.
    assert_eq!(sidecar.allowlist(), "HTTP/1.1 200 OK");
    assert_ne!(sidecar.doors(), first);
    let again = fs::metadata(sidecar.path("doors/egress.sock")).unwrap().ino();
    assert_eq!(socket, again);
    let status = sidecar.status();
    assert_eq!((status.doors[0].running, status.doors[0].restarts), (true, 1));
    let lines = until("the door is open again", || {
        let lines = sidecar.events();
        (whats(&lines).iter().filter(|what| *what == "Opened").count() == 2).then_some(lines)
    });
    let crashed = "Crashed { how: \"killed by signal 9\" }".to_owned();
    assert!(whats(&lines).contains(&crashed), "{lines:?}");
    assert_eq!(verify(&lines), lines.len() as u64);
}

#[test]
fn sigterm_ends_the_doors_and_removes_their_sockets() {
    let mut sidecar = Sidecar::booted();
    let doors = sidecar.doors();
    let idle = UnixStream::connect(sidecar.path("doors/egress.sock")).unwrap();
    sidecar.process.signal(Signal::TERM);
    assert_eq!(sidecar.process.wait().code(), Some(0));
    drop(idle);
    for gone in ["doors/egress.sock", "run/control.sock"] {
        assert!(!sidecar.path(gone).exists(), "{gone}");
    }
    for door in doors {
        assert!(!fs::exists(format!("/proc/{door}")).unwrap());
    }
}

#[test]
fn doors_do_not_outlive_a_killed_init() {
    let mut sidecar = Sidecar::booted();
    let doors = sidecar.doors();
    sidecar.process.signal(Signal::KILL);
    sidecar.process.wait();
    until("the doors are gone", || {
        let gone =
            |pid: &u32| fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |s| s.contains(") Z "));
        doors.iter().all(gone).then_some(())
    });
}

#[test]
fn what_is_no_boot_frame_is_refused_with_a_reason() {
    let good = frame::encode(&boot(EgressPlan::default())).unwrap();
    let mut other_version = good.to_vec();
    other_version[0] = 2;
    let text = String::from_utf8_lossy(&good[5..]).replacen('{', "{\"extra\":1,", 1);
    let mut unknown_field = vec![1];
    unknown_field.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    unknown_field.extend(text.as_bytes());
    for (bytes, expected) in [
        (
            &b"garbage"[..],
            "a frame of version 103, and this build speaks version 1",
        ),
        (
            &other_version,
            "a frame of version 2, and this build speaks version 1",
        ),
        (
            b"\x01\xff\xff\xff\xff",
            "a frame of 4294967295 bytes, and 16777216 are allowed",
        ),
        (
            &unknown_field,
            "a frame that is not the expected message, at byte 8",
        ),
        (&good[..100], "cannot read a frame: unexpected end of file"),
        (b"", "the other side closed the connection"),
    ] {
        let (part, reason, status) = Sidecar::start().refuse(bytes);
        assert_eq!((part.as_str(), reason.as_str()), ("init", expected));
        assert_eq!(status, Some(1));
    }
}

#[test]
fn a_policy_with_a_credential_that_is_not_there_is_refused() {
    let boot = frame::encode(&boot(plan("a.example", Some("other")))).unwrap();
    let (part, reason, _) = Sidecar::start().refuse(&boot);
    assert_eq!(part, "init");
    assert_eq!(
        reason,
        "the policy cannot be used: it names a credential that the boot frame lacks: other"
    );
}

#[test]
fn an_authority_that_is_none_fails_the_door_and_names_no_secret() {
    let mut boot = boot(EgressPlan::default());
    boot.egress.authority.certificate = "no certificate".to_owned();
    let sidecar = Sidecar::start();
    let (part, reason, status) = sidecar.refuse(&frame::encode(&boot).unwrap());
    assert_eq!((part.as_str(), status), ("egress", Some(1)));
    assert!(
        !reason.contains("PRIVATE KEY") && !reason.contains("token-of-a-test"),
        "{reason}"
    );
}

#[test]
fn control_channel_not_in_guest() {
    let root = tempfile::tempdir().unwrap();
    for control in ["doors/control.sock", "doors/private/control.sock"] {
        let mut init = Process::start(&mut command(&root, &root.path().join(control)));
        let answer = frame::read_blocking(init.0.stdout.as_mut().unwrap()).unwrap();
        let BootAnswer::Failed { part, reason } = answer else {
            panic!("it was not refused");
        };
        assert_eq!(part, "init");
        assert!(reason.contains("which the guest sees"), "{reason}");
        assert_eq!(init.wait().code(), Some(1));
        assert!(!root.path().join("doors/private").exists());
    }
}

#[test]
fn before_its_boot_frame_a_sidecar_is_closed() {
    let mut sidecar = Sidecar::start();
    let status = sidecar.status();
    assert!(!status.booted && status.doors.is_empty());
    assert!(!sidecar.path("doors/egress.sock").exists());
    for request in [
        ControlRequest::Drain { after: 0 },
        ControlRequest::Reload { plan: Box::default() },
    ] {
        assert!(matches!(sidecar.ask(&request), ControlAnswer::Refused { .. }));
    }
    assert_eq!(sidecar.ask(&ControlRequest::Shutdown), ControlAnswer::Done);
    assert_eq!(sidecar.process.wait().code(), Some(0));
}

#[test]
fn a_restarted_sidecar_goes_on_with_the_same_log() {
    let mut sidecar = Sidecar::booted();
    let before = sidecar.events();
    sidecar.process.signal(Signal::KILL);
    sidecar.process.wait();
    let mut again = Sidecar::start_in(sidecar.root);
    assert!(!again.status().booted);
    let answer = again.boot(&boot(EgressPlan::default()));
    assert!(matches!(answer, BootAnswer::Ready { .. }), "{answer:?}");
    let lines = again.events();
    assert_eq!(lines[..before.len()], before[..]);
    assert_eq!(verify(&lines), before.len() as u64 + 1);
}

#[test]
fn another_policy_is_put_in_force_and_survives_a_crash() {
    let sidecar = Sidecar::booted();
    let plan_of = |host, slot| ControlRequest::Reload {
        plan: Box::new(plan(host, slot)),
    };
    let refused = sidecar.ask(&plan_of("a.example", Some("other")));
    assert!(matches!(refused, ControlAnswer::Refused { .. }), "{refused:?}");
    assert_eq!(
        sidecar.ask(&plan_of("a.example", Some("bottle-0"))),
        ControlAnswer::Done
    );
    assert!(whats(&sidecar.events()).contains(&"Reloaded { routes: 1 }".to_owned()));
    signal_process(sidecar.doors()[0], Signal::KILL);
    assert_eq!(sidecar.allowlist(), "HTTP/1.1 200 OK");
}

#[test]
fn ctl_carries_frames_both_ways() {
    let sidecar = Sidecar::booted();
    let mut ctl = Command::new(SIDECAR)
        .args(["ctl", "--control"])
        .arg(sidecar.path("run/control.sock"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map(Process)
        .unwrap();
    let mut stdin = ctl.0.stdin.take().unwrap();
    for request in [ControlRequest::Status, ControlRequest::Drain { after: 0 }] {
        stdin.write_all(&frame::encode(&request).unwrap()).unwrap();
    }
    let stdout = ctl.0.stdout.as_mut().unwrap();
    let status: ControlAnswer = frame::read_blocking(stdout).unwrap();
    assert!(matches!(status, ControlAnswer::Status(status) if status.booted));
    let events: ControlAnswer = frame::read_blocking(stdout).unwrap();
    assert!(matches!(events, ControlAnswer::Events { lines, .. } if lines.len() == 1));
    drop(stdin);
    assert_eq!(ctl.wait().code(), Some(0));
}

#[test]
fn a_control_frame_of_another_version_is_refused() {
    let sidecar = Sidecar::booted();
    let mut stream = UnixStream::connect(sidecar.path("run/control.sock")).unwrap();
    stream.write_all(b"\x02\0\0\0\x02{}").unwrap();
    let answer: ControlAnswer = frame::read_blocking(&mut stream).unwrap();
    let reason = "a frame of version 2, and this build speaks version 1".to_owned();
    assert_eq!(answer, ControlAnswer::Refused { reason });
}

#[test]
fn ctl_without_a_sidecar_is_status_1() {
    let output = Command::new(SIDECAR)
        .args(["ctl", "--control", "/nowhere/control.sock"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("no sidecar answers")
    );
}

#[test]
fn a_request_under_way_gets_its_time_while_new_clients_find_no_door() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut plan = plan("a.example", None);
    plan.routes[0].ports = vec![80];
    plan.resolve = vec![
        format!("a.example:80:{}", upstream.local_addr().unwrap())
            .parse()
            .unwrap(),
    ];
    let mut sidecar = Sidecar::start();
    assert!(matches!(sidecar.boot(&boot(plan)), BootAnswer::Ready { .. }));
    let socket = sidecar.path("doors/egress.sock");
    let mut client = UnixStream::connect(&socket).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).unwrap();
    let (mut serving, _) = upstream.accept().unwrap();
    sidecar.process.signal(Signal::TERM);
    until("new clients find no door", || (!socket.exists()).then_some(()));
    serving
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("late"), "{answer}");
    assert_eq!(sidecar.process.wait().code(), Some(0));
}
