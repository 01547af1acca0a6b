use super::*;
use crate::testing::plan;

fn check_line(mode: &RunMode, start: SessionStart, delivery: &PromptDelivery, wanted: &[&str]) {
    let mut plan = plan();
    plan.spec.mode = mode.clone();
    plan.provider.prompt = delivery.clone();
    plan.prompt = "Be \"careful\".\nUse {prompt}.".to_owned();
    assert_eq!(agent_argv(&plan, start).unwrap(), wanted);
}

fn headless(prompt: &str) -> RunMode {
    RunMode::Headless {
        prompt: prompt.to_owned(),
    }
}

#[test]
fn each_way_of_running_has_its_line() {
    let none = PromptDelivery::None;
    check_line(
        &RunMode::Interactive,
        SessionStart::Fresh,
        &none,
        &["fake", "--yes"],
    );
    check_line(
        &RunMode::Interactive,
        SessionStart::Resume,
        &none,
        &["fake", "--again"],
    );
    check_line(
        &headless("do it"),
        SessionStart::Fresh,
        &none,
        &["fake", "run", "--", "do it"],
    );
}

#[test]
fn a_prompt_is_one_argument_whatever_it_holds() {
    for prompt in ["--help", "a b; rm -rf /", "$(x) `y`", "{prompt}", "\"'\n", ""] {
        let wanted = ["fake", "run", "--", prompt];
        check_line(
            &headless(prompt),
            SessionStart::Fresh,
            &PromptDelivery::None,
            &wanted,
        );
    }
}

#[test]
fn the_agents_own_prompt_stands_behind_the_programs_name() {
    let file = PromptDelivery::File {
        path: bottle_plan::paths::GuestPath::from_static("/p"),
        arguments: vec!["--file".to_owned(), "/p".to_owned()],
    };
    check_line(
        &RunMode::Interactive,
        SessionStart::Fresh,
        &file,
        &["fake", "--file", "/p", "--yes"],
    );
    let toml = PromptDelivery::TomlArgument {
        arguments: vec!["-c".to_owned(), "instructions={prompt}".to_owned()],
    };
    let quoted = "instructions=\"Be \\\"careful\\\".\\nUse {prompt}.\"";
    check_line(
        &headless("x"),
        SessionStart::Fresh,
        &toml,
        &["fake", "-c", quoted, "run", "--", "x"],
    );
}

#[test]
fn an_empty_prompt_is_not_handed_over() {
    let mut plan = plan();
    plan.provider.prompt = PromptDelivery::TomlArgument {
        arguments: vec!["{prompt}".to_owned()],
    };
    assert_eq!(agent_argv(&plan, SessionStart::Fresh).unwrap(), ["fake", "--yes"]);
}

#[test]
fn what_no_argument_can_hold_is_refused() {
    let mut plan = plan();
    for (prompt, fits) in [
        ("a".repeat(MAX_ARGUMENT_BYTES - 1), true),
        ("a".repeat(MAX_ARGUMENT_BYTES), false),
        ("a\0b".to_owned(), false),
    ] {
        plan.spec.mode = headless(&prompt);
        assert_eq!(
            agent_argv(&plan, SessionStart::Fresh).is_ok(),
            fits,
            "{} bytes",
            prompt.len()
        );
    }
    let refused = agent_argv(&plan, SessionStart::Resume);
    assert_eq!(refused, Err(CommandLineError::NoCommand("fake".to_owned())));
}
