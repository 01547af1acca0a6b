use super::*;
use std::io::Read;

use proptest::prelude::*;

const OBJECT: &str = "b1af487245569e76efb4ac20a42f4830863142d6";

fn check(text: &str, expected: Result<(&str, &str), &str>) {
    let text = text.replace("OBJECT", OBJECT);
    let found = read(text.as_bytes(), "HEAD").map_err(|error| error.to_string());
    let found = found.as_ref().map(|header| {
        let rest = text.get(usize::try_from(header.length).unwrap()..);
        (header.format, rest.unwrap())
    });
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
        (Err(found), Err(expected)) => assert!(found.contains(expected), "{text}: {found}"),
        (found, _) => panic!("{text}: {found:?}"),
    }
}

#[test]
fn the_pack_begins_after_the_empty_line() {
    check("# v2 git bundle\nOBJECT HEAD\n\nPACK", Ok(("sha1", "PACK")));
    check(
        "# v3 git bundle\n@object-format=sha1\nOBJECT HEAD\n\n",
        Ok(("sha1", "")),
    );
}

#[test]
fn what_was_not_asked_for_is_not_taken() {
    check(
        "# v2 git bundle\nOBJECT refs/heads/main\n\n",
        Err("does not hold HEAD"),
    );
    check(
        "# v2 git bundle\nOBJECT refs/heads/../../x\nOBJECT \u{1b}[2J\nOBJECT HEAD\n\nPACK",
        Ok(("sha1", "PACK")),
    );
}

#[test]
fn what_builds_on_other_commits_is_refused() {
    check(
        "# v2 git bundle\n-OBJECT before\nOBJECT HEAD\n\n",
        Err("not complete"),
    );
    check(
        "# v3 git bundle\n@filter=blob:none\nOBJECT HEAD\n\n",
        Err("not complete"),
    );
}

#[test]
fn what_is_no_bundle_is_refused() {
    for wrong in [
        "",
        "\n\n",
        "# v2 git bundle",
        "# v2 git bundle\n",
        "# v9 git bundle\nOBJECT HEAD\n\n",
        "# v2 git bundle\n@object-format=sha1\nOBJECT HEAD\n\n",
        "# v3 git bundle\n@object-format=md5\nOBJECT HEAD\n\n",
        "# v3 git bundle\n@object-format=sha256\nOBJECT HEAD\n\n",
        "# v2 git bundle\n--upload-pack=x HEAD\n\n",
        "# v2 git bundle\nHEAD HEAD\n\n",
        "# v2 git bundle\nB1AF487245569E76EFB4AC20A42F4830863142D6 HEAD\n\n",
        "# v2 git bundle\nOBJECT\n\n",
    ] {
        let text = wrong.replace("OBJECT", OBJECT);
        assert!(read(text.as_bytes(), "HEAD").is_err(), "{wrong}");
    }
}

#[test]
fn lines_without_end_are_not_read_to_their_end() {
    let endless = io::BufReader::new(io::repeat(b'#'));
    assert!(read(endless, "HEAD").is_err());
    let start: &[u8] = b"# v2 git bundle\n";
    let line = format!("{OBJECT} x\n").repeat(100_000);
    assert!(read(start.chain(line.as_bytes()), "HEAD").is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let start: &[u8] = b"# v3 git bundle\n";
        let _ = read(bytes.as_slice(), "HEAD");
        let _ = read(start.chain(bytes.as_slice()), "HEAD");
    }
}
