//! Which line set each effective value.

use std::fmt;

use bottle_document::{Span, Spanned, escape_untrusted};
use bottle_plan::egress::LogDetail;
use bottle_plan::env::EnvValue;
use bottle_routes::{EgressDraft, RouteDraft};

use crate::draft::{BottleDraft, DEFAULT_TEMPLATE, ProviderDraft, ResourcesDraft, UserDraft};
use crate::load::FoundAgent;

/// One effective value and what set it; secrets and literal variables are described, not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The key as a path: `env.EDITOR`, `egress.routes[api.example.com]`.
    pub key: String,
    /// The value, for people.
    pub value: String,
    /// What set it.
    pub set_by: SetBy,
}

/// What set a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetBy {
    /// A line of a file.
    File {
        /// The file's path.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// No file: this is what holds when none says anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, set_by } = self;
        write!(
            f,
            "{} = {}  ({set_by})",
            escape_untrusted(key),
            escape_untrusted(value)
        )
    }
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", escape_untrusted(path)),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Lists every effective value in the order of the key table.
pub(crate) fn explain(agent: &FoundAgent, bottle: &BottleDraft) -> Vec<Origin> {
    let mut list = List::default();
    let prompt = &agent.draft.prompt;
    list.set(
        "prompt",
        format!("{} characters", prompt.value.chars().count()),
        &prompt.span,
    );
    for skill in &agent.draft.skills {
        list.set(
            format!("skills[{}]", skill.value),
            "copied into the guest",
            &skill.span,
        );
    }
    for (name, variable) in &bottle.env {
        list.set(
            format!("env.{name}"),
            describe_variable(&variable.value),
            &variable.span,
        );
    }
    list.provider(&bottle.provider);
    list.egress(bottle.egress.as_ref());
    list.user(&agent.draft.user, &bottle.user);
    for (name, repo) in bottle.repos.iter().flatten() {
        list.set(format!("git-gate.repos.{name}"), &repo.value.url, &repo.span);
    }
    list.or_default(
        "supervise",
        bottle.supervise.as_ref(),
        ToString::to_string,
        "true",
    );
    list.resources(&bottle.resources);
    list.0
}

#[derive(Default)]
struct List(Vec<Origin>);

impl List {
    fn set(&mut self, key: impl Into<String>, value: impl Into<String>, span: &Span) {
        let set_by = SetBy::File {
            path: span.source().name().to_owned(),
            line: span.line(),
        };
        self.0.push(Origin {
            key: key.into(),
            value: value.into(),
            set_by,
        });
    }

    fn or_default<T>(
        &mut self,
        key: &str,
        value: Option<&Spanned<T>>,
        describe: impl Fn(&T) -> String,
        default: &str,
    ) {
        match value {
            Some(value) => self.set(key, describe(&value.value), &value.span),
            None => self.0.push(Origin {
                key: key.to_owned(),
                value: default.to_owned(),
                set_by: SetBy::Default,
            }),
        }
    }

    fn provider(&mut self, provider: &ProviderDraft) {
        let key = |name: &str| format!("agent_provider.{name}");
        self.or_default(
            &key("template"),
            provider.template.as_ref(),
            ToString::to_string,
            DEFAULT_TEMPLATE,
        );
        if let Some(dockerfile) = &provider.dockerfile {
            self.set(
                key("dockerfile"),
                dockerfile.value.dockerfile.display().to_string(),
                &dockerfile.span,
            );
        }
        if let Some(token) = &provider.auth_token {
            self.set(
                key("auth_token"),
                format!("host variable {}", token.value),
                &token.span,
            );
        }
        let forward = provider.forward_host_credentials.as_ref();
        self.or_default(
            &key("forward_host_credentials"),
            forward,
            ToString::to_string,
            "false",
        );
        if let Some(settings) = &provider.settings {
            let names: Vec<&str> = settings.value.keys().map(String::as_str).collect();
            self.set(key("settings"), names.join(", "), &settings.span);
        }
    }

    fn egress(&mut self, egress: Option<&EgressDraft>) {
        let log = egress.and_then(|egress| egress.log.as_ref());
        self.or_default("egress.log", log, |log| describe_log(*log).to_owned(), "0");
        let Some(egress) = egress else { return };
        if let Some(mode) = &egress.transparent {
            self.set("egress.transparent", mode.value.is_on().to_string(), &mode.span);
        }
        for route in &egress.routes {
            self.set(
                format!("egress.routes[{}]", route.route.host),
                describe_route(route),
                &route.host_span,
            );
        }
        for entry in &egress.resolve {
            self.set("egress.resolve", entry.value.to_string(), &entry.span);
        }
        for entry in &egress.upstream_ca {
            let file = entry.value.file.display().to_string();
            self.set(
                format!("egress.upstream_ca[{}]", entry.value.host),
                file,
                &entry.span,
            );
        }
    }

    fn user(&mut self, agent: &UserDraft, bottle: &UserDraft) {
        let halves = [
            ("name", &agent.name, &bottle.name),
            ("email", &agent.email, &bottle.email),
        ];
        for (half, agent, bottle) in halves {
            let said = agent.as_ref().map(|half| (half, "(agent)"));
            if let Some((text, who)) = said.or(bottle.as_ref().map(|half| (half, "(bottle)"))) {
                self.set(
                    format!("git-gate.user.{half}"),
                    format!("{} {who}", text.value),
                    &text.span,
                );
            }
        }
    }

    fn resources(&mut self, resources: &ResourcesDraft) {
        let cpus = |millicpus: &u32| (f64::from(*millicpus) / 1000.0).to_string();
        self.or_default(
            "resources.cpus",
            resources.millicpus.as_ref(),
            cpus,
            "the provider's",
        );
        self.or_default(
            "resources.memory",
            resources.memory.as_ref(),
            ToString::to_string,
            "the provider's",
        );
        self.or_default(
            "resources.pids",
            resources.pids.as_ref(),
            ToString::to_string,
            "the provider's",
        );
        self.or_default(
            "resources.disk",
            resources.disk.as_ref(),
            ToString::to_string,
            "the provider's",
        );
    }
}

fn describe_variable(value: &EnvValue) -> String {
    match value {
        EnvValue::Literal(_) => "a literal value".to_owned(),
        EnvValue::HostVariable(name) => format!("host variable {name}"),
        EnvValue::Answer { .. } => "asked for at start".to_owned(),
    }
}

fn describe_log(log: LogDetail) -> &'static str {
    match log {
        LogDetail::Decisions => "0",
        LogDetail::Headers => "1",
        LogDetail::Bodies => "2",
    }
}

fn describe_route(draft: &RouteDraft) -> String {
    let ports: Vec<String> = draft.route.ports.iter().map(u16::to_string).collect();
    let matches = match draft.route.matches.len() {
        0 => "everything".to_owned(),
        1 => "1 match".to_owned(),
        several => format!("{several} matches"),
    };
    let credential = draft.credential.as_ref();
    let auth = credential.map(|credential| format!(", with host variable {}", credential.variable.value));
    format!(
        "port {}, {matches}{}",
        ports.join(" and "),
        auth.unwrap_or_default()
    )
}
