//! What crashed starts leave behind.

/// What would be removed, for the user to see before it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanupPlan {
    /// Each object, in the order of removal.
    pub leftovers: Vec<Leftover>,
}

/// One object that a start left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is: `container`, `volume`, `image`.
    pub kind: &'static str,
    /// The engine's own id.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Why it can go, for people.
    pub reason: String,
}

/// What a cleanup did.
#[derive(Debug, Default)]
pub struct CleanupReport {
    /// What is gone.
    pub removed: Vec<Leftover>,
    /// What is not, and why.
    pub failed: Vec<(Leftover, crate::EngineError)>,
}
