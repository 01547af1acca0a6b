//! What tests of the whole need and nothing else may use: a mock of the model services that the real agent programs
//! accept, an upstream that does what a test asks of it, and a proxy that leads a program to either.
//!
//! Everything listens where it is told to, on plain threads, with a certificate authority of its own; nothing here
//! knows a bottle. Each server ends when its handle is dropped.
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

pub mod authority;
pub mod client;
pub mod connect_proxy;
pub mod events;
pub mod mock_model;
pub mod record;
pub mod reply;
pub mod server;
pub mod upstream;
