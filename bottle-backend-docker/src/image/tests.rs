use std::sync::Mutex;

use base64_of::base64_of;
use bottle_backend::Progress;
use bottle_plan::image::BuildContext;

use super::context::Context;
use super::{base, progress::BuildLog};

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Progress for Lines {
    fn step(&self, _step: &str) {}

    fn detail(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

fn bases(dockerfile: &str, expected: &[&str]) {
    let names: Vec<String> = base::names(dockerfile).into_iter().collect();
    assert_eq!(names, expected, "{dockerfile}");
}

#[test]
fn bases_are_images_and_not_stages() {
    bases("FROM debian:bookworm-slim\n", &["debian:bookworm-slim"]);
    bases(
        "from --platform=linux/amd64 a/b@sha256:0 AS One\nFROM one\nFROM c as two\n",
        &["a/b@sha256:0", "c"],
    );
    bases("FROM scratch\nFROM Scratch\n# FROM x\nRUN echo FROM y\n", &[]);
    bases("ARG V=1\nFROM img:${V}\nFROM ../../containers\nFROM\n", &[]);
}

#[test]
fn the_name_depends_on_all_that_goes_in() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let hash = |files: &[&str], bases: &[&str]| {
        let context = BuildContext {
            dockerfile: folder.path().join("Dockerfile"),
            files: files.iter().map(Into::into).collect(),
        };
        let bases: Vec<String> = bases.iter().map(|&base| base.to_owned()).collect();
        Context::read(&context).unwrap().hash(&bases)
    };
    write("Dockerfile", "FROM a\n");
    write("x", "1");
    write("y", "1");
    let first = hash(&["x"], &["a=1"]);
    assert_eq!(first.len(), 20);
    assert_eq!(first, hash(&["x"], &["a=1"]));
    assert_eq!(hash(&["x", "y"], &[]), hash(&["y", "x"], &[]));
    let others = [
        hash(&["y"], &["a=1"]),
        hash(&[], &["a=1"]),
        hash(&["x"], &["a=2"]),
    ];
    assert!(others.iter().all(|other| *other != first));
    write("x", "2");
    assert_ne!(hash(&["x"], &["a=1"]), first);
    write("Dockerfile", "FROM a\n\n");
    write("x", "1");
    assert_ne!(hash(&["x"], &["a=1"]), first);
}

#[test]
fn a_build_is_told_line_by_line() {
    let lines = Lines::default();
    let mut log = BuildLog::new(&lines);
    let status = |vertexes: &[(&str, &str)], logs: &[(&str, &str)]| base64_of(vertexes, logs);
    let message = |aux: String| format!("{{\"id\":\"moby.buildkit.trace\",\"aux\":\"{aux}\"}}\n");
    log.message(message(status(&[("d1", "[1/2] FROM a")], &[])).as_bytes());
    log.message(
        message(status(
            &[("d1", "[1/2] FROM a"), ("d2", "[2/2] RUN b")],
            &[("d2", "one\ntw")],
        ))
        .as_bytes(),
    );
    log.message(message(status(&[], &[("d2", "o\n10%\r50%\r100%\n\nlast")])).as_bytes());
    log.message(b"no json\n");
    log.message(b"{\"errorDetail\":{\"message\":\"exit code: 1\"}}\n");
    let (reason, last) = log.end().unwrap_err();
    assert_eq!(reason, "exit code: 1");
    let expected = ["[1/2] FROM a", "[2/2] RUN b", "one", "two", "100%", "last"];
    assert_eq!(last, expected);
    assert_eq!(*lines.0.lock().unwrap(), expected);
}

#[test]
fn no_message_makes_the_log_panic_or_grow() {
    let lines = Lines::default();
    let mut log = BuildLog::new(&lines);
    for _ in 0..1000 {
        log.message(format!("{{\"aux\":\"{}\"}}", base64_of(&[], &[("d", &"x".repeat(5000))])).as_bytes());
    }
    assert_eq!(log.end(), Ok(()));
    assert!(lines.0.lock().unwrap().iter().all(|line| line.len() <= 2000));
}

/// The builder's messages, encoded as the engine passes them on.
mod base64_of {
    use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};

    pub(super) fn base64_of(vertexes: &[(&str, &str)], logs: &[(&str, &str)]) -> String {
        let status = StatusResponse {
            vertexes: vertexes
                .iter()
                .map(|(digest, name)| Vertex {
                    digest: (*digest).to_owned(),
                    name: (*name).to_owned(),
                    cached: true,
                    ..Vertex::default()
                })
                .collect(),
            logs: logs
                .iter()
                .map(|(vertex, text)| VertexLog {
                    vertex: (*vertex).to_owned(),
                    msg: text.as_bytes().to_vec(),
                    ..VertexLog::default()
                })
                .collect(),
            ..StatusResponse::default()
        };
        data_encoding::BASE64.encode(&prost::Message::encode_to_vec(&status))
    }
}
