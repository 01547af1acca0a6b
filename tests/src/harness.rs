//! Runs the `bottle` command as a user would, with a home of its own, and looks at what it leaves in the engine.
//!
//! Nothing here sleeps: a test waits for what it wants to see, up to a limit.

mod coder;
mod engine;
mod engine_proxy;
mod machine;
mod native;
mod needle;
mod processes;
mod programs;
mod pushing;
mod remains;
mod running;
mod scene;
mod skip;
mod stage;
mod terminal;

pub use crate::harness::coder::{Coder, Program};
pub use crate::harness::engine::{Contents, Engine, Neighbour, Object};
pub use crate::harness::engine_proxy::{EngineProxy, Fate};
pub use crate::harness::machine::machine_or_skip;
pub(crate) use crate::harness::native::SOMEBODY;
pub use crate::harness::native::{HERE, Who, find_agents_or_skip, native_or_skip, read_all};
pub use crate::harness::needle::Needle;
pub use crate::harness::processes::Processes;
pub(crate) use crate::harness::programs::profile_folder;
pub use crate::harness::programs::{bottle, dist_folder, static_client};
pub use crate::harness::remains::Remains;
pub use crate::harness::running::{Finished, Running};
pub use crate::harness::scene::{ALLOWED, Scene};
pub use crate::harness::skip::{Reason, skip};
pub use crate::harness::stage::Stage;
pub use crate::harness::terminal::Terminal;
