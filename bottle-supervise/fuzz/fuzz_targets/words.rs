//! An agent's words: whatever they propose is read back as it was from what a person is shown.

#![no_main]

use bottle_supervise::lower::{render, routes};

libfuzzer_sys::fuzz_target!(|yaml: &str| {
    let Ok(change) = routes(yaml) else { return };
    assert_eq!(routes(&render(&change)).as_ref(), Ok(&change), "{yaml:?}");
});
