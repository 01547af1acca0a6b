//! What people see.

use crate::{Diagnostic, Diagnostics, RenderStyle, Source, Span};

fn find(source: &Source, text: &str) -> Span {
    let start = source.text().find(text).expect("in the source");
    source.span(start..start + text.len())
}

#[track_caller]
fn plain(diagnostic: Diagnostic) -> String {
    let mut diagnostics = Diagnostics::default();
    diagnostics.report(diagnostic);
    diagnostics.render(RenderStyle::plain())
}

#[test]
fn shows_the_line_with_carets_labels_and_help() {
    let source = Source::new(
        "bottles/dev.md",
        "---\nenv: {}\nsupervise: true\n# between\n# between\n# between\nenv: {A: b}\n---\n",
    );
    let second = source.span(60..63);
    let diagnostic = Diagnostic::error("duplicate-key", "the key `env` occurs twice")
        .at_labelled(&second, "again here")
        .label(&find(&source, "env"), "first here")
        .help("keep one of them")
        .did_you_mean(Some("supervise"));
    insta::assert_snapshot!(plain(diagnostic));
}

#[test]
fn shows_every_file_concerned() {
    let parent = Source::new("bottles/base.md", "---\nextends: dev\n---\n");
    let child = Source::new("bottles/dev.md", "---\nextends: base\n---\n");
    let diagnostic = Diagnostic::error("cycle", "dev extends itself")
        .at(&find(&child, "base"))
        .label(&find(&parent, "dev"), "which extends dev");
    insta::assert_snapshot!(plain(diagnostic));
}

#[test]
fn shows_a_file_without_a_line_and_a_mistake_without_a_file() {
    let file = plain(
        Diagnostic::warning("bad-name", "skipped")
            .in_file("bottles/Dev.md")
            .help("rename it"),
    );
    let nowhere = plain(Diagnostic::error("no-bottle", "no bottle was chosen").help("choose one"));
    insta::assert_snapshot!(format!("{file}\n{nowhere}"));
}

#[test]
fn untrusted_text_cannot_reach_the_terminal() {
    let source = Source::new(
        "a\u{1b}]0;x\u{7}.md",
        "k\u{202e}ey: \u{1b}[2Jv\u{200b}alue \tend\n",
    );
    let diagnostic = Diagnostic::error("unknown-key", "unknown \u{1b}[31m\nkey")
        .at_labelled(&find(&source, "alue"), "la\rbel")
        .help("he\u{2066}lp");
    insta::assert_snapshot!(plain(diagnostic));
}

#[test]
fn hidden_text_is_masked_wherever_it_shows() {
    let source = Source::new(
        "bottles/dev.md",
        "env: {A: sëcret-one, B: [x], C: secret-two}\nother: |\n  secret-three\n",
    );
    let mut diagnostics = Diagnostics::default();
    diagnostics.report(Diagnostic::error("wrong-type", "`B` must be a string").at(&find(&source, "[x]")));
    diagnostics.report(Diagnostic::error("bad-value", "`C` is wrong").at(&find(&source, "secret-two")));
    diagnostics
        .report(Diagnostic::error("bad-value", "`other` is wrong").at(&find(&source, "|\n  secret-three")));
    for secret in ["sëcret-one", "secret-two", "  secret-three"] {
        diagnostics.hide(&find(&source, secret));
    }
    insta::assert_snapshot!(diagnostics.render(RenderStyle::plain()));
}

#[test]
fn a_very_long_line_is_cut_round_the_mistake() {
    let source = Source::new(
        "long.md",
        format!("{}HERE{}", "é".repeat(50_000), "x".repeat(50_000)),
    );
    insta::assert_snapshot!(plain(
        Diagnostic::error("long", "it is here").at(&find(&source, "HERE"))
    ));
}

#[test]
fn a_span_of_many_lines_shows_its_first() {
    let source = Source::new("long.md", "a:\n  b: 1\n  c: 2\n");
    insta::assert_snapshot!(plain(
        Diagnostic::error("map", "this map").at(&find(&source, "b: 1\n  c: 2"))
    ));
}

#[test]
fn an_empty_span_at_the_end_has_a_caret() {
    let source = Source::new("short.md", "a: [");
    insta::assert_snapshot!(plain(
        Diagnostic::error("end", "it ends here").at(&source.span(4..4))
    ));
}

#[test]
fn styled_output_has_colours() {
    let source = Source::new("short.md", "a: b");
    let mut diagnostics = Diagnostics::default();
    diagnostics.report(Diagnostic::error("end", "wrong").at(&find(&source, "b")));
    assert!(diagnostics.render(RenderStyle::styled()).contains("\u{1b}["));
}
