//! The whole of `provider.yaml`.

use std::collections::BTreeMap;

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node};
use bottle_plan::names::EnvName;
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{GuestDirectory, GuestFile, MCP_URL, McpRegistration, ProviderPlan, TrustStore};

use super::egress::Egress;
use super::files::Commands;
use super::ground::Ground;
use super::placeholders::Placeholders;
use super::{Plugin, PluginFolder, arguments, egress, field, system};
use crate::AgentRuntime;

/// The entries of the file, before any is looked at.
struct Keys<'n> {
    command: Option<&'n Entry>,
    image: Option<&'n Entry>,
    dockerfile_files: Option<&'n Entry>,
    user: Option<&'n Entry>,
    guest_home: Option<&'n Entry>,
    ca: Option<&'n Entry>,
    arguments: Option<&'n Entry>,
    prompt: Option<&'n Entry>,
    skills: Option<&'n Entry>,
    env: Option<&'n Entry>,
    hidden_env: Option<&'n Entry>,
    directories: Option<&'n Entry>,
    files: Option<&'n Entry>,
    commands: Option<&'n Entry>,
    egress: Option<&'n Entry>,
    auth: Option<&'n Entry>,
    mcp: Option<&'n Entry>,
}

impl<'n> Keys<'n> {
    fn read(node: &'n Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut keys = MapReader::new("a provider", node, diagnostics)?;
        let entries = Self {
            command: keys.required("command", diagnostics),
            image: keys.optional("image"),
            dockerfile_files: keys.optional("dockerfile_files"),
            user: keys.optional("user"),
            guest_home: keys.optional("guest_home"),
            ca: keys.optional("ca"),
            arguments: keys.required("arguments", diagnostics),
            prompt: keys.optional("prompt"),
            skills: keys.optional("skills"),
            env: keys.optional("env"),
            hidden_env: keys.optional("hidden_env"),
            directories: keys.optional("directories"),
            files: keys.optional("files"),
            commands: keys.optional("commands"),
            egress: keys.optional("egress"),
            auth: keys.optional("auth"),
            mcp: keys.optional("mcp"),
        };
        keys.refused("auth_token", diagnostics, old_key);
        keys.refused("forward_host_credentials", diagnostics, old_key);
        keys.finish(diagnostics);
        Some(entries)
    }
}

/// Reads every value before giving up on any, so that all mistakes are found at once.
pub(super) fn plugin(node: &Node, folder: &PluginFolder, diagnostics: &mut Diagnostics) -> Option<Plugin> {
    let keys = Keys::read(node, diagnostics)?;
    let ground = Ground::read(folder, node, keys.guest_home, keys.ca, diagnostics)?;
    let runtime = keys.runtime(&ground, node, diagnostics);
    let parts = keys.parts(&ground, diagnostics);
    let runtime = runtime?;
    Some(Plugin {
        name: folder.name.clone(),
        contribution: parts.contribution(runtime.clone().contribution(folder.name.clone()), ground.trust),
        runtime,
    })
}

/// What the plugin puts into its guest and lets out of it.
struct Parts {
    skills: Option<GuestPath>,
    directories: Vec<GuestDirectory>,
    files: Vec<GuestFile>,
    commands: Commands,
    env: BTreeMap<EnvName, String>,
    hidden_env: Vec<EnvName>,
    egress: Egress,
    mcp: McpRegistration,
}

impl Keys<'_> {
    fn runtime(
        &self,
        ground: &Ground<'_>,
        node: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<AgentRuntime> {
        let fill = &ground.fill;
        let image = ground.image(node, self.image, self.dockerfile_files, diagnostics);
        let user = system::user(self.user, diagnostics);
        let command = self
            .command
            .and_then(|entry| field::text(entry, fill, diagnostics));
        let arguments = self
            .arguments
            .and_then(|entry| arguments::read(entry, fill, diagnostics));
        let prompt = arguments::prompt(self.prompt, &ground.home, fill, diagnostics);
        let arguments = arguments?;
        Some(AgentRuntime {
            command: command?,
            image: image?,
            user: user?,
            guest_home: ground.home.clone(),
            prompt: prompt?,
            bypass: arguments.always,
            start: arguments.interactive,
            resume: arguments.resume,
            headless: arguments.headless,
            resume_headless: arguments.resume_headless,
        })
    }

    fn parts(&self, ground: &Ground<'_>, diagnostics: &mut Diagnostics) -> Parts {
        let fill = &ground.fill;
        let path = |entry| field::path_below(&ground.home, entry, fill, diagnostics);
        let skills = self.skills.and_then(path);
        let mut env = egress::env(self.env, fill, diagnostics);
        let mut hidden_env = egress::hidden(self.hidden_env, diagnostics);
        Parts {
            skills,
            directories: ground.directories(self.directories, diagnostics),
            files: ground.files(self.files, diagnostics),
            commands: ground.commands(self.commands, diagnostics),
            egress: egress::read(self.egress, self.auth, &mut env, &mut hidden_env, diagnostics),
            env,
            hidden_env,
            mcp: registration(self.mcp, fill, diagnostics),
        }
    }
}

impl Parts {
    fn contribution(self, begun: ProviderPlan, trust: TrustStore) -> ProviderPlan {
        ProviderPlan {
            skills: self.skills,
            env: self.env,
            hidden_env: self.hidden_env,
            directories: self.directories,
            files: self.files,
            commands_before: self.commands.before,
            commands_after: self.commands.after,
            routes: self.egress.routes,
            secrets: self.egress.secrets,
            mcp: self.mcp,
            trust,
            ..begun
        }
    }
}

fn registration(
    entry: Option<&Entry>,
    fill: &Placeholders,
    diagnostics: &mut Diagnostics,
) -> McpRegistration {
    let Some(entry) = entry else {
        return McpRegistration::None;
    };
    let argv = field::command(entry, false, &fill.keeping("mcp_url"), diagnostics).unwrap_or_default();
    if !argv.is_empty() && !argv.iter().any(|word| word.contains(MCP_URL)) {
        let message = "`mcp` must hold {mcp_url}, the server's address";
        diagnostics.report(Diagnostic::error("no-place-for-address", message).at(&entry.node.span));
    }
    McpRegistration::Command(argv)
}

fn old_key(entry: &Entry) -> Diagnostic {
    Diagnostic::error("built-ins-only", "this key belongs to the built-in providers")
        .at(&entry.key.span)
        .help("name the host variable, the host, the scheme and the guest's placeholder in `auth`")
}
