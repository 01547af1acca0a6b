//! What is read as what, and what strictness refuses.

use proptest::prelude::*;

use super::{MAX_DEPTH, MAX_NODES, parse};
use crate::{Diagnostics, Frontmatter, Kind, MapReader, Node, RenderStyle, Source, Value};

/// One line per value: path, kind, text, and the source it came from.
fn outline(node: &Node, path: &str, lines: &mut Vec<String>) {
    match &node.value {
        Value::Scalar(scalar) => lines.push(format!(
            "{path} {:?} {:?} {:?}",
            node.kind(),
            scalar.text(),
            node.span.text()
        )),
        Value::List(items) => {
            lines.push(format!("{path} List {:?}", node.span));
            for (index, item) in items.iter().enumerate() {
                outline(item, &format!("{path}[{index}]"), lines);
            }
        }
        Value::Map(map) => {
            lines.push(format!("{path} Map {:?}", node.span));
            for entry in map.entries() {
                outline(&entry.node, &format!("{path}.{}", entry.key.value), lines);
            }
        }
    }
}

fn read(text: &str) -> (Option<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("file", text).whole(), &mut diagnostics);
    (node, diagnostics)
}

#[track_caller]
fn check_codes(text: &str, codes: &[&str]) {
    let (_, diagnostics) = read(text);
    let found: Vec<_> = diagnostics
        .sorted()
        .iter()
        .map(|diagnostic| diagnostic.code())
        .collect();
    assert_eq!(found, codes, "{}", diagnostics.render(RenderStyle::plain()));
}

#[track_caller]
fn check_kind(text: &str, kind: Kind) {
    let (node, _) = read(&format!("key: {text}\n"));
    let node = node.expect("well-formed");
    let entry = node.expect_map().expect("a map").entry("key").expect("the key");
    assert_eq!(entry.node.kind(), kind, "{text}");
}

#[test]
fn signs_that_need_quotes_say_so() {
    for text in ["env:\n  A: ?\n", "env:\n  A: ?", "host: *.example.com\n"] {
        let (_, diagnostics) = read(text);
        let shown = diagnostics.render(RenderStyle::plain());
        assert!(shown.contains("quotes"), "{shown}");
    }
    let (_, diagnostics) = read("a: [\n");
    assert!(!diagnostics.render(RenderStyle::plain()).contains("quotes"));
    check_codes("env: {A: ?, B: '?', C: ?Your name}\n", &[]);
}

#[test]
fn keeps_text_quotes_and_spans() {
    let text =
        "a: no\nb: 'it''s'\nc:\n  - 1e3\n  - [on, {x: \"\\u00e9\\n\"}]\nd: |\n  two\n  lines\ne:\nf: ~\n";
    let (node, diagnostics) = read(text);
    assert!(diagnostics.is_empty());
    let mut lines = Vec::new();
    outline(&node.expect("well-formed"), "", &mut lines);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn only_plain_scalars_are_anything_but_strings() {
    check_kind("true", Kind::Bool);
    check_kind("True", Kind::String);
    check_kind("yes", Kind::String);
    check_kind("'true'", Kind::String);
    check_kind("12", Kind::Integer);
    check_kind("-12", Kind::Integer);
    check_kind("0", Kind::Integer);
    check_kind("012", Kind::String);
    check_kind("+12", Kind::String);
    check_kind("0x1f", Kind::String);
    check_kind("1_000", Kind::String);
    check_kind("1e3", Kind::String);
    check_kind("\"12\"", Kind::String);
    check_kind("", Kind::Nothing);
    check_kind("~", Kind::Nothing);
    check_kind("null", Kind::Nothing);
    check_kind("'null'", Kind::String);
    check_kind("[]", Kind::List);
    check_kind("{}", Kind::Map);
}

#[test]
fn a_number_beyond_64_bits_is_refused() {
    let (node, _) = read("99999999999999999999");
    assert!(node.expect("well-formed").expect_integer().is_err());
}

#[test]
fn an_empty_document_is_an_empty_map() {
    for text in ["", "\n", "# only a comment\n", "---\n", "---\n# comment\n..."] {
        let (node, diagnostics) = read(text);
        assert!(diagnostics.is_empty(), "{text:?}");
        assert_eq!(node.expect("readable").kind(), Kind::Map, "{text:?}");
    }
    let (node, _) = read("''");
    assert_eq!(node.expect("readable").kind(), Kind::String);
}

#[test]
fn refuses_what_strictness_forbids() {
    check_codes("a: 1\na: 2\n", &["duplicate-key"]);
    check_codes("a: 1\n\"a\": 2\n", &["duplicate-key"]);
    check_codes("{a: 1, a: 2}", &["duplicate-key"]);
    check_codes("a: &x 1\nb: *x\n", &["anchor", "alias"]);
    check_codes("a: *unknown\n", &["alias"]);
    check_codes("&x a: 1\n", &["anchor"]);
    check_codes("a: !!str 1\nb: !local x\n", &["tag", "tag"]);
    check_codes("a: !!python/object:os.system []\n", &["tag"]);
    check_codes("<<: {a: 1}\nb: 2\n", &["merge-key"]);
    check_codes("a: 1\n---\nb: 2\n", &["second-document"]);
    check_codes("%YAML 1.2\n---\na: 1\n", &["malformed-yaml"]);
    check_codes("? [a]\n: 1\n", &["complex-key"]);
    check_codes("? {a: b}\n: 1\n", &["complex-key"]);
    check_codes(": 1\n", &["complex-key"]);
    check_codes("a: \"x\n", &["malformed-yaml"]);
    check_codes("a: [1, 2\n", &["malformed-yaml"]);
    check_codes("a: 1\n b: 2\n", &["malformed-yaml"]);
    check_codes("a:\n\t- 1\n", &["malformed-yaml"]);
    check_codes("a: \u{1b}[2J\n", &["control-character"]);
    check_codes("a: x\u{85}y\n", &["control-character"]);
    check_codes("a: \0\n", &["control-character"]);
}

#[test]
fn all_mistakes_of_a_document_are_reported_at_once() {
    check_codes(
        "a: 1\na: 2\nb: &x 1\nc: !t 1\nd: *y\n",
        &["duplicate-key", "anchor", "tag", "alias"],
    );
}

#[test]
fn depth_and_size_are_bounded() {
    check_codes(&"[".repeat(200_000), &["too-deep"]);
    check_codes(&"- ".repeat(200), &["too-deep"]);
    let deepest = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    check_codes(&deepest, &[]);
    check_codes(&format!("[{deepest}]"), &["too-deep"]);
    check_codes(&"- 1\n".repeat(MAX_NODES), &["too-large"]);
    check_codes(&"- 1\n".repeat(MAX_NODES - 1), &[]);
    check_codes(&" ".repeat((1 << 20) + 1), &["too-large"]);
}

#[test]
fn a_document_inside_a_file_keeps_the_lines_of_the_file() {
    let source = Source::new("file.md", "---\r\na: 1\r\nb: [\r\n---\r\nbody\r\n");
    let mut diagnostics = Diagnostics::default();
    let parts = Frontmatter::split(&source, &mut diagnostics).expect("two fences");
    assert_eq!(parts.body.text(), "body\r\n");
    assert!(parse(&parts.yaml, &mut diagnostics).is_none());
    assert!(diagnostics.sorted()[0].span().expect("a place").line() >= 3);
}

/// Text that looks enough like YAML to get past the scanner.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "\n",
        "\n  ",
        "\n    ",
        ": ",
        "? ",
        "&x ",
        "*x",
        "!t ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "\\u00e9",
        "# c",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "<<: ",
        "~",
        "é",
        "\u{202e}",
        "\t",
        "\r\n",
        "\u{feff}",
        "\u{2028}",
        "0",
        "true",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Reads as a caller would, and shows everything there is to show.
fn never_panics(text: &str) {
    let source = Source::new("any", text);
    let mut diagnostics = Diagnostics::default();
    let parts = Frontmatter::split(&source, &mut diagnostics);
    for yaml in [Some(source.whole()), parts.map(|parts| parts.yaml)]
        .into_iter()
        .flatten()
    {
        let Some(node) = parse(&yaml, &mut diagnostics) else {
            continue;
        };
        let mut lines = Vec::new();
        outline(&node, "", &mut lines);
        diagnostics.hide(&node.span);
        if let Some(keys) = MapReader::new("a thing", &node, &mut diagnostics) {
            keys.finish(&mut diagnostics);
        }
    }
    let rendered = diagnostics.render(RenderStyle::plain());
    assert!(
        !rendered.chars().any(|it| it.is_control() && it != '\n'),
        "{rendered:?}"
    );
    diagnostics.render(RenderStyle::styled().width(20));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        never_panics(&text);
    }

    #[test]
    fn no_yaml_like_text_makes_it_panic(text in yaml_like()) {
        never_panics(&text);
    }

    #[test]
    fn a_quoted_string_comes_back_as_it_was(text in "[ -~\u{e9}\u{4e16}]{0,40}") {
        let (node, diagnostics) = read(&format!("key: '{}'\n", text.replace('\'', "''")));
        prop_assert!(diagnostics.is_empty());
        let node = node.expect("well-formed");
        let entry = node.expect_map().expect("a map").entry("key").expect("the key");
        prop_assert_eq!(entry.expect_string().expect("a string"), text);
    }
}
