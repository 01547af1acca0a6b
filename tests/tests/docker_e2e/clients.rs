//! Programs that people use inside, through the egress door.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::process::Command;

use anyhow::{Context, Result};
use bottle_tests::git_host::GitHost;
use bottle_tests::harness::{Finished, Reason, Scene, skip};

use crate::coder::WITH_BUILD;

const GIT: &str = "git.test";

fn set_git(test: &str, rule: &str) -> Result<Option<(Scene, GitHost)>> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(None);
    };
    let gateway = scene.engine()?.gateway()?;
    let host = GitHost::start(SocketAddr::new(gateway, 0), &[GIT])?;
    scene
        .stage
        .write("bottles/git-ca.pem", host.authority().certificate_pem())?;
    let bottle = format!(
        "agent_provider: {{template: demo}}
supervise: false
egress:
  routes: [{{host: {GIT}, addresses: [{gateway}/32]{rule}}}]
  resolve: ['{GIT}:443:{address}']
  upstream_ca: [{{host: {GIT}, file: git-ca.pem}}]
",
        address = host.address()
    );
    scene.stage.write_bottle("one", &bottle)?;
    Ok(Some((scene, host)))
}

#[test]
fn git_clones_where_the_route_allows_it_and_never_pushes() -> Result<()> {
    const TEST: &str = "git_clones_where_the_route_allows_it_and_never_pushes";
    let Some((scene, host)) = set_git(TEST, ", git: {fetch: true}")? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let cloned = scene.shell(&format!("git clone -q https://{GIT}/repo.git && cat repo/README"))?;
    assert_eq!((cloned.status, &*cloned.stdout), (0, "cloned\n"), "{cloned:?}");
    let commit =
        "cd repo && git -c user.name=A -c user.email=a@b.c commit -q --allow-empty -m x && git push -q";
    let pushed = scene.shell(commit)?;
    assert_ne!(pushed.status, 0, "{pushed:?}");
    let asked = host.requests().all();
    assert!(
        !asked.iter().any(|request| request.path.contains("receive-pack")),
        "{asked:?}"
    );
    Ok(())
}

#[test]
fn git_does_not_clone_where_the_route_says_nothing_of_it() -> Result<()> {
    const TEST: &str = "git_does_not_clone_where_the_route_says_nothing_of_it";
    let Some((scene, host)) = set_git(TEST, "")? else {
        return Ok(());
    };
    let _running = scene.start_waiting()?;
    let cloned = scene.shell(&format!("git clone -q https://{GIT}/repo.git"))?;
    assert_ne!(cloned.status, 0, "{cloned:?}");
    assert!(host.requests().all().is_empty(), "{:?}", host.requests().all());
    Ok(())
}

/// A scene whose bottle allows these hosts, with Python's and Node's package managers in its image.
fn set_registry(test: &str, urls: &[&str]) -> Result<Option<Scene>> {
    let Some(scene) = Scene::set_or_skip(test)? else {
        return Ok(None);
    };
    let hosts: BTreeSet<&str> = urls.iter().filter_map(|url| url.split('/').nth(2)).collect();
    let mut routes = Vec::new();
    for host in hosts {
        let Ok(addresses) = (host, 443).to_socket_addrs() else {
            skip(
                test,
                Reason::Missing("a package registry that this machine can reach"),
            )?;
            return Ok(None);
        };
        // Some machines reach their registry by an address that is not a public one.
        let addresses: Vec<String> = addresses.map(|address| range(address.ip())).collect();
        routes.push(format!("{{host: {host}, addresses: [{}]}}", addresses.join(", ")));
    }
    let dockerfile = scene.continue_dockerfile("claude", "")?;
    let bottle = format!(
        "agent_provider: {{template: demo, dockerfile: {dockerfile}}}\nsupervise: false\negress: {{routes: [{}]}}\n",
        routes.join(", ")
    );
    scene.stage.write_bottle("one", &bottle)?;
    Ok(Some(scene))
}

/// The range that holds one address alone.
fn range(address: IpAddr) -> String {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    format!("'{address}/{bits}'")
}

/// What a program of the host says of its configuration.
fn configured(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && text.starts_with("https://")).then_some(text)
}

fn works(scene: &Scene, script: &str) -> Result<Finished> {
    let running = scene.start(&format!("must: {script}"))?;
    let finished = running.wait(WITH_BUILD)?;
    assert_eq!(finished.status, 0, "{finished:?}");
    Ok(finished)
}

#[test]
fn curl_reads_a_package_registry() -> Result<()> {
    const TEST: &str = "curl_reads_a_package_registry";
    let Some(registry) = configured("npm", &["config", "get", "registry"]) else {
        return skip(TEST, Reason::Missing("npm, to ask it for its registry"));
    };
    let Some(scene) = set_registry(TEST, &[&registry])? else {
        return Ok(());
    };
    let url = format!("{}/is-number/7.0.0", registry.trim_end_matches('/'));
    let script =
        format!("curl -sS --fail --location '{url}' | grep -o '\"version\": *\"7.0.0\"' | head -n 1");
    let finished = works(&scene, &script)?;
    assert!(finished.stdout.contains("7.0.0\""), "{finished:?}");
    Ok(())
}

#[test]
fn npm_installs_a_package_from_its_registry() -> Result<()> {
    const TEST: &str = "npm_installs_a_package_from_its_registry";
    let Some(registry) = configured("npm", &["config", "get", "registry"]) else {
        return skip(TEST, Reason::Missing("npm, to ask it for its registry"));
    };
    let Some(scene) = set_registry(TEST, &[&registry])? else {
        return Ok(());
    };
    let script = format!(
        "npm install --no-audit --no-fund --registry '{registry}' is-number@7.0.0 && node -p 'require(\"is-number\")(7)'"
    );
    let finished = works(&scene, &script)?;
    assert!(finished.stdout.contains("\ntrue\n"), "{finished:?}");
    Ok(())
}

#[test]
fn pip_installs_a_package_from_its_index() -> Result<()> {
    const TEST: &str = "pip_installs_a_package_from_its_index";
    let index = configured("python3", &["-m", "pip", "config", "get", "global.index-url"]);
    let by_default = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    let Some(index) = index.or_else(|| configured("python3", &["-c", by_default])) else {
        return skip(TEST, Reason::Missing("pip, to ask it for its index"));
    };
    // The files may lie on another host than the index.
    let report = "import json, sys, subprocess as s; r = json.loads(s.check_output([sys.executable, '-m', 'pip', \
                  'install', '--quiet', '--dry-run', '--ignore-installed', '--no-deps', '--report', '-', \
                  'six==1.16.0'])); print(r['install'][0]['download_info']['url'])";
    let file = configured("python3", &["-c", report]).context("pip does not say where its files lie")?;
    let Some(scene) = set_registry(TEST, &[&index, &file])? else {
        return Ok(());
    };
    let script = format!(
        "python3 -m pip install --quiet --no-deps --index-url '{index}' --target lib six==1.16.0 && PYTHONPATH=lib \
         python3 -c 'import six; print(six.__version__)'"
    );
    let finished = works(&scene, &script)?;
    assert!(finished.stdout.contains("\n1.16.0\n"), "{finished:?}");
    Ok(())
}
