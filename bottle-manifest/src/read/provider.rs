//! The agent program of a bottle.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use bottle_document::{
    Diagnostic, Diagnostics, Entry, Kind, MapReader, Node, PathBase, Spanned, Value, quoted,
};
use bottle_plan::image::BuildContext;
use bottle_plan::inputs::SettingValue;
use bottle_routes::host_variable;

use super::bottle::read_flag;
use super::files::{existing_file, must_be_file, named};
use crate::draft::ProviderDraft;

pub(super) fn read(entry: &Entry, paths: &PathBase, diagnostics: &mut Diagnostics) -> Option<ProviderDraft> {
    let mut keys = MapReader::of_entry("`agent_provider`", entry, diagnostics)?;
    let template = keys.optional("template");
    let dockerfile = keys.optional("dockerfile");
    let files = keys.optional("dockerfile_files");
    let auth_token = keys.optional("auth_token");
    let forward = keys.optional("forward_host_credentials");
    let settings = keys.optional("settings");
    keys.finish(diagnostics);
    Some(ProviderDraft {
        template: template.and_then(|entry| named(entry, diagnostics)),
        dockerfile: read_dockerfile(dockerfile, files, paths, diagnostics),
        auth_token: auth_token.and_then(|entry| host_variable(entry, diagnostics)),
        forward_host_credentials: forward.and_then(|entry| read_flag(entry, diagnostics)),
        settings: settings.and_then(|entry| read_settings(entry, diagnostics)),
    })
}

fn read_dockerfile(
    dockerfile: Option<&Entry>,
    files: Option<&Entry>,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<Spanned<BuildContext>> {
    let Some(entry) = dockerfile else {
        if let Some(files) = files {
            let message = "`dockerfile_files` needs `dockerfile` beside it";
            diagnostics.report(Diagnostic::error("missing-key", message).at(&files.key.span));
        }
        return None;
    };
    let dockerfile = existing_file(entry, paths, diagnostics);
    let files = files
        .and_then(|entry| diagnostics.accept(entry.expect_list()))
        .unwrap_or_default();
    let dockerfile = dockerfile?;
    let folder = dockerfile.value.parent().map(Path::to_owned).unwrap_or_default();
    let files = files
        .iter()
        .filter_map(|item| diagnostics.accept(read_context_file(item, &folder)))
        .collect();
    Some(dockerfile.map(|dockerfile| BuildContext { dockerfile, files }))
}

/// A file that `COPY` may see: beside the Dockerfile or below, under its real name.
fn read_context_file(item: &Node, folder: &Path) -> Result<PathBuf, Diagnostic> {
    let path = Path::new(item.expect_string()?);
    let refuse = |message: &str| Diagnostic::error("bad-path", message).at(&item.span);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_plain || path.as_os_str().is_empty() {
        return Err(refuse(
            "name a file beside the Dockerfile, relative and without `..`",
        ));
    }
    must_be_file(&folder.join(path), &item.span)?;
    let real = |path: &Path| path.canonicalize().ok();
    match (real(&folder.join(path)), real(folder)) {
        (Some(file), Some(folder)) if file.starts_with(&folder) => Ok(path.to_owned()),
        _ => Err(refuse("this link leaves the Dockerfile's folder")),
    }
}

fn read_settings(
    entry: &Entry,
    diagnostics: &mut Diagnostics,
) -> Option<Spanned<BTreeMap<String, SettingValue>>> {
    diagnostics.accept(entry.expect_map())?;
    match setting(&entry.node, diagnostics)? {
        SettingValue::Map(settings) => Some(entry.node.span.with(settings)),
        _ => None,
    }
}

/// Keeps what the provider will judge: a quoted scalar is text, whatever it spells.
fn setting(node: &Node, diagnostics: &mut Diagnostics) -> Option<SettingValue> {
    match &node.value {
        Value::List(items) => Some(SettingValue::List(
            items
                .iter()
                .filter_map(|item| setting(item, diagnostics))
                .collect(),
        )),
        Value::Map(map) => {
            let named = |entry: &Entry| Some((entry.key.value.clone(), setting(&entry.node, diagnostics)?));
            Some(SettingValue::Map(
                map.entries().iter().filter_map(named).collect(),
            ))
        }
        Value::Scalar(_) => diagnostics.accept(scalar(node)),
    }
}

fn scalar(node: &Node) -> Result<SettingValue, Diagnostic> {
    match node.kind() {
        Kind::Bool => Ok(SettingValue::Bool(node.expect_bool()?)),
        Kind::Integer => Ok(SettingValue::Integer(node.expect_integer()?)),
        _ => Ok(SettingValue::Text(node.expect_string()?.to_owned())),
    }
}

/// The built-in providers that know what to do with a credential of each kind.
const TAKES_AUTH_TOKEN: [&str; 2] = ["claude", "codex"];
const TAKES_HOST_CREDENTIALS: [&str; 1] = ["codex"];

impl ProviderDraft {
    /// Checks what only shows when the template is known, which another file may have set.
    pub(crate) fn check(&self, diagnostics: &mut Diagnostics) {
        let forward = self
            .forward_host_credentials
            .as_ref()
            .filter(|forward| forward.value);
        if let Some(token) = &self.auth_token {
            self.check_built_in("auth_token", token, &TAKES_AUTH_TOKEN, diagnostics);
        }
        if let Some(forward) = forward {
            self.check_built_in(
                "forward_host_credentials",
                forward,
                &TAKES_HOST_CREDENTIALS,
                diagnostics,
            );
        }
        if let (Some(token), Some(forward)) = (&self.auth_token, forward) {
            diagnostics.report(
                Diagnostic::error(
                    "two-credentials",
                    "`auth_token` and `forward_host_credentials` exclude each other",
                )
                .at(&forward.span)
                .label(&token.span, "the other one"),
            );
        }
    }

    fn check_built_in<T>(
        &self,
        key: &str,
        value: &Spanned<T>,
        takes: &[&str],
        diagnostics: &mut Diagnostics,
    ) {
        let template = self.template_name();
        if takes.contains(&template) {
            return;
        }
        let message = format!(
            "{} has no meaning for the provider {}",
            quoted(key),
            quoted(template)
        );
        let mistake = Diagnostic::error("credential-for-built-ins", message)
            .at(&value.span)
            .help(format!("only for: {}", takes.join(", ")))
            .help("a provider of your own names its credential in `auth` of its provider.yaml");
        diagnostics.report(match &self.template {
            Some(template) => mistake.label(&template.span, "the provider"),
            None => mistake,
        });
    }
}
