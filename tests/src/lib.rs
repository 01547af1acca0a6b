//! What tests of the whole need and nothing else may use: a mock of the model services that the real agent programs
//! accept, an upstream that does what a test asks of it, a proxy that leads a program to either, and a harness that
//! runs the `bottle` command as a user would.
//!
//! Servers listen where they are told to, on plain threads, with a certificate authority of their own. Each ends when
//! its handle is dropped. Nothing here uses a crate of the product: what is tested is what users get.
//!
//! ```
//! use bottle_tests::mock_model::{MockModel, Settings, ToolCall};
//!
//! # fn main() -> anyhow::Result<()> {
//! let settings = Settings { tool: Some(ToolCall::shell("uname -a")), ..Settings::default() };
//! let model = MockModel::start("127.0.0.1:0".parse()?, settings)?;
//! assert!(model.authority().certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! assert!(model.requests().all().is_empty());
//! # Ok(())
//! # }
//! ```

pub mod asking;
pub mod authority;
pub mod client;
pub mod connect_proxy;
pub mod escape;
pub mod events;
pub mod git_host;
pub mod harness;
pub mod held_push;
pub mod mock_model;
pub mod record;
pub mod reply;
pub mod server;
pub mod ssh_host;
pub mod toolchains;
pub mod upstream;
mod watched;
