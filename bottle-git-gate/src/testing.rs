//! What must hold for any bytes that a guest or an upstream sends: for fuzz targets.

use crate::limits::{PUSH_HEAD_BYTES, PUSH_OPTIONS, PUSH_REFS, READ_REQUEST_BYTES};
use crate::policy::Policy;
use crate::push_request::PushRequest;
use crate::{decide, mirror, push, ref_name, server, text, worker};

/// Reads commands as the gate does; what is understood is within its bounds, says the same again, and is nothing that
/// the default policy lets pass.
///
/// # Panics
///
/// When that does not hold.
pub fn check_push(bytes: &[u8]) {
    let Ok(Some((request, taken))) = PushRequest::read(bytes) else {
        return;
    };
    assert!(taken <= bytes.len() && taken <= PUSH_HEAD_BYTES + bytes.len());
    assert!(request.updates.len() <= PUSH_REFS && request.options.len() <= PUSH_OPTIONS);
    let head = bytes.get(..taken).unwrap_or_default();
    assert_eq!(
        PushRequest::read(head),
        Ok(Some((request.clone(), taken))),
        "what follows changes nothing"
    );
    for update in &request.updates {
        assert!(
            !update.name.contains(['\0', '\n']) || ref_name::objection(&update.name).is_some(),
            "{update:?}"
        );
        assert_eq!(update.old.as_str().len(), update.new.as_str().len());
    }
    let refusals = decide::judge_request(&nothing(), &push::facts_of_a_test(&request));
    let refused = request.updates.len() + request.options.len() + usize::from(request.is_signed);
    assert!(refusals.len() >= refused.max(1), "{refusals:?}");
    for refusal in refusals {
        assert!(!refusal.to_string().contains(['\n', '\r', '\u{1b}']), "{refusal}");
    }
}

/// No branch passes.
fn nothing() -> Policy {
    Policy {
        branches: Vec::new(),
        allow: Default::default(),
        push_options: Vec::new(),
        ci_files: Default::default(),
        accepted: Vec::new(),
    }
}

/// Reads a request's target; a repository's name that is understood is a part of it.
///
/// # Panics
///
/// When that does not hold.
pub fn check_route(target: &str) {
    for method in ["GET", "POST", "PUT"] {
        if let Some(repo) = server::testing::repo(method, target) {
            assert!(target.contains(&repo) && !repo.contains(".git/"), "{target:?}");
        }
    }
}

/// Unpacks what says that it is gzip; the result is bounded.
///
/// # Panics
///
/// When it is not.
pub fn check_gzip(bytes: &[u8]) {
    if let Ok(unpacked) = server::testing::gunzip(bytes) {
        assert!(unpacked.len() <= READ_REQUEST_BYTES);
    }
}

/// Reads what git prints of an upstream; lines for people hold nothing that moves a terminal's cursor.
///
/// # Panics
///
/// When they do.
pub fn check_answers(bytes: &[u8]) {
    mirror::read_refs_of_a_test(bytes);
    let lines = text::last_lines(bytes, 8);
    assert!(lines.len() <= 8);
    for line in lines {
        assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
    }
}

/// Reads a raw tree whole and in pieces of `step` bytes; both give the same names.
///
/// # Panics
///
/// When they do not.
pub fn check_tree(bytes: &[u8], step: usize) {
    let whole = worker::tree_names_of_a_test(bytes, bytes.len().max(1));
    assert_eq!(
        whole,
        worker::tree_names_of_a_test(bytes, step.max(1)),
        "in pieces of {step}"
    );
}
