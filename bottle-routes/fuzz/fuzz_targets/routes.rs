//! Routes files: whatever is wrong with one is said, and a table comes only where nothing is.

#![no_main]

use bottle_document::{Diagnostics, PathBase, RenderStyle, Source};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut diagnostics = Diagnostics::default();
    let source = Source::new("routes.yaml", text);
    let paths = PathBase {
        folder: "/home/ada/bottles".into(),
        home: "/home/ada".into(),
    };
    let table = bottle_routes::read_document(&source, &paths, &mut diagnostics);
    assert_eq!(table.is_none(), diagnostics.has_errors(), "{text:?}");
    let _shown = diagnostics.render(RenderStyle::plain());
});
