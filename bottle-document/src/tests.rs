//! Sources, frontmatter, the sink and the readers together.

use std::path::PathBuf;

use crate::{Diagnostic, Diagnostics, Frontmatter, MapReader, PathBase, RenderStyle, Source, parse};

#[track_caller]
fn check_split(text: &str, expected: Result<(&str, &str), &str>) {
    let source = Source::new("file.md", text);
    let mut diagnostics = Diagnostics::default();
    let parts = Frontmatter::split(&source, &mut diagnostics);
    let found = match &parts {
        Some(parts) => Ok((parts.yaml.text(), parts.body.text())),
        None => Err(diagnostics.sorted()[0].code()),
    };
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn frontmatter_stands_between_the_first_two_fences() {
    check_split("---\na: 1\n---\nbody\n", Ok(("a: 1\n", "body\n")));
    check_split("---\r\na: 1\r\n---\r\nbody", Ok(("a: 1\r\n", "body")));
    check_split("\u{feff}---\na: 1\n---\n", Ok(("a: 1\n", "")));
    check_split("---\n---", Ok(("", "")));
    check_split("--- \n---\t\n---\n", Ok(("", "---\n")));
    check_split("", Err("missing-frontmatter"));
    check_split("text\n---\n---\n", Err("missing-frontmatter"));
    check_split(" ---\n---\n", Err("missing-frontmatter"));
    check_split("----\n---\n", Err("missing-frontmatter"));
    check_split("---", Err("unclosed-frontmatter"));
    check_split("---\na: 1\n----\n", Err("unclosed-frontmatter"));
}

#[test]
fn locations_count_characters_and_lines_from_one() {
    let source = Source::new("file", "é1\nab");
    let at = |offset| {
        let location = source.location(offset);
        (location.line, location.column)
    };
    assert_eq!(
        [at(0), at(1), at(2), at(4), at(5), at(99)],
        [(1, 1), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]
    );
}

#[test]
fn spans_stay_inside_the_text() {
    let source = Source::new("file", "éa");
    assert_eq!(source.span(1..9).text(), "éa");
    assert_eq!(source.span(9..12).text(), "");
    assert_eq!(source.whole().within(2..9).text(), "a");
}

#[test]
fn the_sink_counts_what_it_does_not_keep() {
    let mut diagnostics = Diagnostics::default();
    for _ in 0..150 {
        diagnostics.report(Diagnostic::error("many", "again"));
    }
    let mut all = Diagnostics::default();
    all.report(Diagnostic::warning("one", "first"));
    all.append(diagnostics);
    assert_eq!(all.errors(), 150);
    assert!(all.render(RenderStyle::plain()).ends_with("\n... and 51 more\n"));
}

#[test]
fn debug_output_repeats_no_values() {
    let source = Source::new("file", "key: a-secret\n");
    let node = parse(&source.whole(), &mut Diagnostics::default());
    assert!(!format!("{node:?} {source:?}").contains("a-secret"));
}

#[test]
fn a_reader_names_unknown_missing_refused_and_mistyped_keys_at_once() {
    let text = "scheme: [Bearer]\ntokenref: X\nruntime: old\nports:\nname: {}\nswitch: yes\ncount: '1'\n";
    let source = Source::new("route.yaml", text);
    let mut diagnostics = Diagnostics::default();
    let node = parse(&source.whole(), &mut diagnostics).expect("well-formed");
    let mut keys = MapReader::new("a route", &node, &mut diagnostics).expect("a map");
    keys.required("host", &mut diagnostics);
    keys.optional("token_ref");
    keys.optional("scheme")
        .map(|entry| diagnostics.accept(entry.expect_string().map(str::to_owned)));
    keys.optional("ports")
        .map(|entry| diagnostics.accept(entry.expect_list()).map(<[_]>::len));
    keys.optional("name")
        .map(|entry| diagnostics.accept(entry.expect_list()).map(<[_]>::len));
    keys.optional("switch")
        .map(|entry| diagnostics.accept(entry.expect_bool()));
    keys.optional("count")
        .map(|entry| diagnostics.accept(entry.expect_integer()));
    keys.refused("runtime", &mut diagnostics, |entry| {
        Diagnostic::error("old-key", "`runtime` is gone")
            .at(&entry.key.span)
            .help("use `backend`")
    });
    keys.ignored("color");
    keys.finish(&mut diagnostics);
    insta::assert_snapshot!(diagnostics.render(RenderStyle::plain()));
}

#[test]
fn a_keyword_is_one_of_those_allowed() {
    let source = Source::new("route.yaml", "a: strip\nb: Strip\nc: drop\nd: []\n");
    let mut diagnostics = Diagnostics::default();
    let node = parse(&source.whole(), &mut diagnostics).expect("well-formed");
    let map = node.expect_map().expect("a map");
    let words = [("strip", 1), ("pass", 2)];
    let mut read = |key| diagnostics.accept(map.entry(key).expect("there").expect_keyword(words));
    assert_eq!(
        [read("a"), read("b"), read("c"), read("d")],
        [Some(1), None, None, None]
    );
    insta::assert_snapshot!(diagnostics.render(RenderStyle::plain()));
}

#[test]
fn paths_start_at_their_file_or_at_home() {
    let base = PathBase {
        folder: "/home/ada/.bot-bottle/bottles".into(),
        home: "/home/ada".into(),
    };
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(base.resolve(text).ok(), expected.map(PathBuf::from), "{text:?}");
    };
    check("Dockerfile", Some("/home/ada/.bot-bottle/bottles/Dockerfile"));
    check("../x/./y", Some("/home/ada/.bot-bottle/x/y"));
    check("/etc/ca.pem", Some("/etc/ca.pem"));
    check("~/.ssh/id", Some("/home/ada/.ssh/id"));
    check("~//etc/x", Some("/home/ada/etc/x"));
    check("~", Some("/home/ada"));
    check("/../../x", Some("/x"));
    check("~grace/x", None);
    check("$HOME/x", None);
    check("", None);
    check("a\0b", None);
    check("a\nb", None);
}

#[test]
fn a_long_or_hostile_key_is_cut_and_escaped() {
    let source = Source::new("x", format!("\"{}\\n\\e[2J\": 1\n", "a".repeat(70)));
    let mut diagnostics = Diagnostics::default();
    let node = parse(&source.whole(), &mut diagnostics).expect("well-formed");
    MapReader::new("a thing", &node, &mut diagnostics)
        .expect("a map")
        .finish(&mut diagnostics);
    insta::assert_snapshot!(diagnostics.render(RenderStyle::plain()));
}
