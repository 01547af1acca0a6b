//! A scripted agent that needs no key, for first steps and for tests.
//!
//! Its script is a file of the plan, so its image holds nothing but bash, git and curl. The prompt is a small
//! program, one instruction a line:
//!
//! | line | does |
//! |---|---|
//! | `run: COMMAND` | runs it with bash in the workspace, shows output and status, goes on |
//! | `must: COMMAND` | the same, and ends the agent with that status when it is not 0 |
//! | `exit N` | ends the agent with status N |
//! | `# ...` | is skipped |
//!
//! Any other line is said back. Without a single instruction the agent takes its tour: it commits a file, is
//! refused at a host that nobody allowed, and reaches one that is (the setting `visit`). On a terminal it reads the
//! same lines, and `tour`. This crate knows no backend and no credential.
//!
//! ```
//! use bottle_contrib_demo::Demo;
//! use bottle_provider::AgentProvider;
//!
//! assert_eq!(Demo.headless_prompt("run: git status"), ["--prompt", "run: git status"]);
//! ```
#![forbid(unsafe_code)]

mod demo;

pub use demo::Demo;
