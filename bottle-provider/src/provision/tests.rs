use std::path::PathBuf;

use bottle_backend::Quiet;
use bottle_plan::inputs::Skill;
use bottle_plan::provider::{
    CommandUser, GuestCommand, GuestDirectory, GuestFile, McpRegistration, PromptDelivery,
};

use super::*;
use crate::testing::{Recorder, plan};
use crate::{AgentRuntime, ContributionError, ProviderInputs};

/// A provider whose provisioning is the default.
struct Fake;

#[async_trait::async_trait]
impl AgentProvider for Fake {
    fn template(&self) -> &str {
        "fake"
    }

    fn runtime(&self) -> AgentRuntime {
        unreachable!("provisioning reads the plan")
    }

    fn provision_plan(
        &self,
        inputs: &ProviderInputs<'_>,
    ) -> Result<bottle_plan::provider::ProviderPlan, ContributionError> {
        let _ = inputs;
        unreachable!("provisioning reads the plan")
    }

    fn headless_prompt(&self, prompt: &str) -> Vec<String> {
        vec![prompt.to_owned()]
    }
}

struct Host {
    _folder: tempfile::TempDir,
    certificate: PathBuf,
    skill: PathBuf,
}

fn host() -> Host {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("egress-ca.pem");
    std::fs::write(
        &certificate,
        "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let skill = folder.path().join("review");
    std::fs::create_dir(&skill).unwrap();
    Host {
        certificate,
        skill,
        _folder: folder,
    }
}

fn full_plan(host: &Host) -> BottlePlan {
    let mut plan = plan();
    let path = |below: &str| plan.guest_home.join(below).unwrap();
    let command = |word: &str, user| GuestCommand {
        argv: vec!["/usr/bin/env".to_owned(), word.to_owned()],
        user,
    };
    let (prompt, directory, file) = (path("prompt.md"), path(".fake"), path(".fake/settings"));
    plan.provider.prompt = PromptDelivery::File {
        path: prompt,
        arguments: vec!["--prompt".to_owned()],
    };
    plan.provider.directories = vec![GuestDirectory {
        path: directory,
        mode: 0o700,
    }];
    plan.provider.files = vec![GuestFile {
        path: file,
        mode: 0o600,
        content: "{}".to_owned(),
    }];
    plan.provider.commands_before = vec![command("before", CommandUser::Root)];
    plan.provider.commands_after = vec![command("after", CommandUser::Agent)];
    plan.provider.mcp = McpRegistration::Command(vec!["fake".into(), "mcp".into(), "url={mcp_url}".into()]);
    plan.prompt = "You are careful.".to_owned();
    plan.skills = vec![Skill {
        name: "review".parse().unwrap(),
        folder: host.skill.clone(),
    }];
    plan.git_user.name = Some("Ada".to_owned());
    plan.supervise = Some("http://supervise:9100/".to_owned());
    plan
}

async fn provisioned(
    refuses: Option<&'static str>,
    url: Option<&str>,
) -> (Vec<String>, Result<ProvisionReport, ProvisionError>) {
    let host = host();
    let bottle = Recorder::refusing(refuses);
    let sources = ProvisionSources {
        certificate: &host.certificate,
        supervise_url: url,
    };
    let report = provision(&Fake, &bottle, &full_plan(&host), &sources, &Quiet).await;
    (bottle.log(), report)
}

#[tokio::test]
async fn trust_comes_first_and_the_supervise_server_last() {
    let (log, report) = provisioned(None, Some("http://supervise:9100/")).await;
    insta::assert_snapshot!(log.join("\n"));
    let report = report.unwrap();
    assert!(report.fingerprint.starts_with("BA:78:16:BF"), "{report:?}");
    assert_eq!(report.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_failing_step_names_itself_its_command_and_its_output() {
    for (refuses, step, command) in [
        ("update-ca", Step::Trust, "/usr/sbin/update-ca-certificates"),
        ("before", Step::Files, "/usr/bin/env before"),
        ("after", Step::Files, "/usr/bin/env after"),
    ] {
        let (log, report) = provisioned(Some(refuses), None).await;
        let error = report.unwrap_err();
        assert_eq!(error.step, step);
        assert_eq!(
            error.cause.to_string(),
            format!("`{command}` ended with status 3: no \\u{{1b}}[31msuch thing")
        );
        let mut commands = log.iter().filter(|line| line.starts_with("exec"));
        assert!(
            commands.next_back().unwrap().contains(refuses),
            "nothing runs after a failure: {log:?}"
        );
    }
}

#[tokio::test]
async fn a_failing_registration_is_a_warning_with_the_manual_command() {
    let (_, report) = provisioned(Some("mcp"), Some("http://supervise:9100/")).await;
    insta::assert_snapshot!(report.unwrap().warnings.join("\n"));
}

#[tokio::test]
async fn nothing_is_registered_while_the_door_is_closed() {
    let (log, _) = provisioned(None, None).await;
    assert!(!log.iter().any(|line| line.contains("mcp")), "{log:?}");
}

#[tokio::test]
async fn a_missing_certificate_ends_the_launch() {
    let bottle = Recorder::refusing(None);
    let error = apply_ca(&plan(), &bottle, Path::new("/nowhere.pem"))
        .await
        .unwrap_err();
    assert_eq!(error.step, Step::Trust);
    assert_eq!(bottle.log(), Vec::<String>::new());
}
