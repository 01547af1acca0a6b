//! The whole policy: from a push and what was found in it to a permit, a refusal or a question. Pure.
//!
//! | what | refused as | unless |
//! |---|---|---|
//! | a signed push | `signed-push` | |
//! | a push option | `push-option` | it is listed |
//! | a ref twice, or no ref | `ref-twice`, `no-ref` | |
//! | a name that can hide or confuse | `ref-name` | |
//! | anything but branches and tags | `ref-namespace` | |
//! | a branch outside the patterns | `branch` | |
//! | a tag | `tag` | `allow.tags` |
//! | a symbolic ref of the upstream | `symbolic-ref` | |
//! | a ref that moved upstream meanwhile | `fetch-first` | |
//! | a deletion | `delete` | `allow.delete` |
//! | anything but a commit on a branch | `not-a-commit` | |
//! | a rewrite, a tag that moves | `force` | `allow.force` |
//! | content that could not be read to its end | `unread` | |
//! | a secret | the rule that found it | the owner accepted it in that file; a human approved it and a comment marks it |
//! | a changed CI file | `ci-file` | `ci_files: allow`; `ask` and a human approved exactly this push |

use bottle_plan::git::CiFiles;
use bottle_wire::git_gate::RefChange;
use bottle_wire::supervise::{PushFinding, PushProposal};

use crate::limits::CI_FILES;
use crate::object_id::ObjectId;
use crate::policy::Policy;
use crate::push_request::Update;
use crate::ref_name;

/// What a push is and what was found in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The repository's name, for questions.
    pub repo: String,
    /// Each ref of the push.
    pub refs: Vec<RefFacts>,
    /// Push options.
    pub options: Vec<String>,
    /// Whether the push is signed.
    pub is_signed: bool,
    /// Changed files that make somebody's machine run something.
    pub ci_files: Vec<String>,
    /// Secrets in what is new.
    pub findings: Vec<Finding>,
    /// What could not be read to its end.
    pub unread: Vec<String>,
    /// Whether a human approved exactly this push.
    pub is_approved: bool,
}

/// One ref of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefFacts {
    /// What is wanted.
    pub update: Update,
    /// Where the upstream has it; none if it does not exist there.
    pub current: Option<ObjectId>,
    /// Whether the upstream's ref only stands for another one.
    pub standing: Standing,
    /// What it would hold; none for a deletion, and before the objects are there.
    pub content: Option<Content>,
}

/// What moves with a ref of the upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// That ref alone.
    Own,
    /// Another one: it is symbolic.
    ForAnother,
    /// The upstream does not name symbolic refs, and another ref is where this one is.
    Unknown,
}

/// What a ref would hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Content {
    /// Whether it is a commit.
    pub is_commit: bool,
    /// Whether the old commit is in its history; true where there was none.
    pub is_fast_forward: bool,
}

/// A secret in what is new. The value is not in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// The path, where it is in a file.
    pub file: Option<String>,
    /// Where it is, for people.
    pub place: String,
    /// The line.
    pub line: u64,
    /// The commit that brings it.
    pub commit: Option<ObjectId>,
    /// The masked value.
    pub masked: String,
    /// The line around it with every value masked; empty where there is none to show.
    pub text: String,
    /// Whether a comment beside it says to ignore it.
    pub is_marked: bool,
}

/// What is decided.
#[derive(Debug)]
pub enum Decision {
    /// It may be sent on.
    Pass(Permit),
    /// It may not; at least one reason.
    Refuse(Vec<Refusal>),
    /// A human may let it pass; until then it is refused.
    Ask {
        /// What is asked.
        proposal: PushProposal,
        /// Why it does not pass by itself.
        reasons: Vec<Refusal>,
    },
}

/// That exactly these refs may move. Only [`decide()`] makes one, and forwarding takes it by value.
#[derive(Debug)]
pub struct Permit {
    updates: Vec<Update>,
    options: Vec<String>,
}

/// One reason why a push is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: String,
    /// Where it applies and why; the agent's words in it are escaped.
    pub place: String,
}

impl Permit {
    /// Returns the refs and where they may move.
    #[must_use]
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    /// Returns the push options that may be sent.
    #[must_use]
    pub fn options(&self) -> &[String] {
        &self.options
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.rule, crate::text::line(&self.place))
    }
}

/// Decides a push.
#[must_use]
pub fn decide(policy: &Policy, facts: &Facts) -> Decision {
    let mut refusals = judge_request(policy, facts);
    refusals.extend(facts.refs.iter().filter_map(|one| judge_content(policy, one)));
    refusals.extend(
        facts
            .unread
            .iter()
            .map(|place| refusal("unread", format!("{place}, which could not be read to its end"))),
    );
    let mut questions = Vec::new();
    let findings = facts.findings.iter().filter(|one| !is_accepted(policy, one));
    let findings: Vec<&Finding> = findings.collect();
    for finding in &findings {
        let to = if finding.is_marked {
            &mut questions
        } else {
            &mut refusals
        };
        to.push(finding.refusal());
    }
    let ci_files = facts.ci_files.iter().map(|file| refusal("ci-file", file.clone()));
    match policy.ci_files {
        CiFiles::Allow => {}
        // More than anybody is shown.
        CiFiles::Ask if facts.ci_files.len() > CI_FILES => refusals.extend(ci_files),
        CiFiles::Ask => questions.extend(ci_files),
        CiFiles::Refuse => refusals.extend(ci_files),
    }
    if !refusals.is_empty() {
        refusals.extend(questions);
        return Decision::Refuse(refusals);
    }
    if !questions.is_empty() && !facts.is_approved {
        let proposal = proposal(policy, facts, &findings);
        return Decision::Ask {
            proposal,
            reasons: questions,
        };
    }
    Decision::Pass(Permit {
        updates: facts.refs.iter().map(|one| one.update.clone()).collect(),
        options: facts.options.clone(),
    })
}

/// Judges what is known before any object has arrived.
#[must_use]
pub fn judge_request(policy: &Policy, facts: &Facts) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if facts.is_signed {
        refusals.push(refusal(
            "signed-push",
            "this push: a signature would bind this gate, not the upstream",
        ));
    }
    if facts.refs.is_empty() {
        refusals.push(refusal("no-ref", "this push"));
    }
    for option in facts
        .options
        .iter()
        .filter(|option| !policy.push_options.contains(option))
    {
        refusals.push(refusal(
            "push-option",
            format!("option {option}: this bottle may not send it"),
        ));
    }
    for (at, one) in facts.refs.iter().enumerate() {
        let before = facts.refs.iter().take(at);
        if before
            .into_iter()
            .any(|other| other.update.name == one.update.name)
        {
            refusals.push(refusal("ref-twice", one.update.name.clone()));
        }
        refusals.extend(judge_ref(policy, one));
    }
    refusals
}

/// The first objection to one ref.
fn judge_ref(policy: &Policy, facts: &RefFacts) -> Option<Refusal> {
    let Update { name, old, new } = &facts.update;
    let refuse = |rule, why: &str| Some(refusal(rule, format!("{name}: {why}")));
    if let Some(why) = ref_name::objection(name) {
        return refuse("ref-name", why);
    }
    match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
        (Some(branch), _) if !policy.allows_branch(branch) => {
            return refuse(
                "branch",
                &format!(
                    "this bottle may push the branches {} only",
                    policy.shown_branches()
                ),
            );
        }
        (Some(_), _) => {}
        (None, Some(_)) if !policy.allow.tags => return refuse("tag", "this bottle may not push tags"),
        (None, Some(_)) => {}
        (None, None) => return refuse("ref-namespace", "only branches and tags can be pushed"),
    }
    match facts.standing {
        Standing::Own => {}
        Standing::ForAnother => return refuse("symbolic-ref", "the upstream's ref stands for another one"),
        Standing::Unknown => {
            return refuse(
                "symbolic-ref",
                "the upstream's ref may stand for another one that is where it is, and the upstream does not tell; \
                 push a branch of another name",
            );
        }
    }
    let expected = (!old.is_null()).then_some(old);
    if expected != facts.current.as_ref() {
        return refuse("fetch-first", "the upstream has moved: fetch, and push again");
    }
    if new.is_null() && (!policy.allow.delete || old.is_null()) {
        return refuse("delete", "this bottle may not delete it");
    }
    None
}

fn judge_content(policy: &Policy, facts: &RefFacts) -> Option<Refusal> {
    let Update { name, old, new } = &facts.update;
    if new.is_null() {
        return None;
    }
    let refuse = |rule, why: &str| Some(refusal(rule, format!("{name}: {why}")));
    let is_branch = name.starts_with("refs/heads/");
    match facts.content {
        None => refuse("unread", "what it would hold is not known"),
        Some(content) if is_branch && !content.is_commit => refuse("not-a-commit", "a branch holds commits"),
        Some(content) if is_branch && !content.is_fast_forward && !policy.allow.force => {
            refuse("force", "this bottle may not rewrite history")
        }
        Some(_) if name.starts_with("refs/tags/") && !old.is_null() && !policy.allow.force => {
            refuse("force", "this bottle may not move a tag")
        }
        Some(_) => None,
    }
}

fn is_accepted(policy: &Policy, finding: &Finding) -> bool {
    let accepts = |file: &String| policy.accepts(&finding.rule, file);
    finding.file.as_ref().is_some_and(accepts)
}

impl Finding {
    fn refusal(&self) -> Refusal {
        let mut place = format!("{}:{}", self.place, self.line);
        if let Some(commit) = &self.commit {
            place = format!("{place} at {}", commit.short());
        }
        place = format!("{place} ({})", self.masked);
        if self.is_marked {
            place.push_str(", beside a comment that says to ignore it");
        }
        refusal(&self.rule, place)
    }

    fn shown(&self) -> PushFinding {
        PushFinding {
            rule: self.rule.clone(),
            file: self.place.clone(),
            line: self.line,
            commit: self.commit.as_ref().map(ToString::to_string),
            masked: self.masked.clone(),
            text: self.text.clone(),
        }
    }
}

fn proposal(policy: &Policy, facts: &Facts, findings: &[&Finding]) -> PushProposal {
    let change = |one: &RefFacts| RefChange {
        name: one.update.name.clone(),
        old: one.update.old.to_string(),
        new: one.update.new.to_string(),
    };
    PushProposal {
        repo: facts.repo.clone(),
        refs: facts.refs.iter().map(change).collect(),
        ci_files: match policy.ci_files {
            CiFiles::Ask => facts.ci_files.clone(),
            CiFiles::Allow | CiFiles::Refuse => Vec::new(),
        },
        findings: findings.iter().map(|one| one.shown()).collect(),
    }
}

fn refusal(rule: &str, place: impl Into<String>) -> Refusal {
    Refusal {
        rule: rule.to_owned(),
        place: place.into(),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
