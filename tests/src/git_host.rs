//! A host of git repositories over HTTPS, as far as cloning and pushing need it: the smart protocol, served by the
//! machine's own git (gitprotocol-http(5)).

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::authority::TestAuthority;
use crate::record::{Recorded, RecordedBody, RequestLog};
use crate::reply::Reply;
use crate::server::{Connection, Server, Service};

/// A running host with one repository, `/repo.git`, that holds one commit with the file `README`.
#[derive(Debug)]
pub struct GitHost {
    server: Server,
    authority: TestAuthority,
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    folder: TempDir,
    requests: RequestLog,
}

impl GitHost {
    /// Starts a host with TLS and a certificate for these names.
    pub fn start(listen: SocketAddr, names: &[&str]) -> Result<Self> {
        let authority = TestAuthority::new("test git host authority")?;
        let folder = TempDir::with_prefix("git-host-")?;
        make_repository(folder.path())?;
        let desk = Arc::new(Desk {
            folder,
            requests: RequestLog::default(),
        });
        let server = Server::start(listen, Some(authority.server_config(names)?), Arc::clone(&desk))?;
        Ok(Self {
            server,
            authority,
            desk,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Who signed its certificate.
    #[must_use]
    pub fn authority(&self) -> &TestAuthority {
        &self.authority
    }

    /// The branches that the repository has, and the names of all files that it ever got.
    pub fn received(&self) -> Result<(Vec<String>, String)> {
        let git = |arguments: &[&str]| -> Result<String> {
            let mut git = std::process::Command::new("git");
            git.arg("--git-dir").arg(self.desk.folder.path().join("repo.git"));
            let output = git.args(arguments).output()?;
            ensure!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let branches = git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"])?;
        let branches = branches.lines().map(str::to_owned).collect();
        let files = git(&["log", "--all", "--reflog", "--name-only", "--format="])?;
        Ok((branches, files))
    }

    /// What it was asked.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.desk.requests
    }
}

impl Service for Desk {
    async fn answer(&self, request: Request<Incoming>, _connection: Connection) -> Reply {
        let (head, body) = request.into_parts();
        self.requests.push(Recorded::new(&head, RecordedBody::None));
        let encoding = head.headers.get("content-encoding").cloned();
        let Ok(body) = body.collect().await.map(|body| body.to_bytes()) else {
            return Reply::full(StatusCode::BAD_REQUEST, "the body broke off\n");
        };
        let query = head.uri.query().unwrap_or_default();
        match (&head.method, head.uri.path(), query.strip_prefix("service=")) {
            (&Method::GET, "/repo.git/info/refs", Some(service)) => self.advertise(service).await,
            (&Method::POST, "/repo.git/git-upload-pack", None) => {
                self.serve("git-upload-pack", &body, encoding.as_ref()).await
            }
            (&Method::POST, "/repo.git/git-receive-pack", None) => {
                self.serve("git-receive-pack", &body, encoding.as_ref()).await
            }
            _ => Reply::full(StatusCode::NOT_FOUND, "there is /repo.git alone\n"),
        }
    }
}

impl Desk {
    async fn advertise(&self, service: &str) -> Reply {
        let Ok(refs) = self.git(service, &["--http-backend-info-refs"], &[]).await else {
            return Reply::full(StatusCode::FORBIDDEN, "no such service\n");
        };
        let line = format!("# service={service}\n");
        let first = format!("{:04x}{line}0000", line.len() + 4);
        let body = [first.into_bytes(), refs].concat();
        Reply::full(StatusCode::OK, body).with_text(
            CONTENT_TYPE.as_str(),
            &format!("application/x-{service}-advertisement"),
        )
    }

    async fn serve(&self, service: &str, body: &[u8], encoding: Option<&HeaderValue>) -> Reply {
        if encoding.is_some() {
            return Reply::full(StatusCode::UNSUPPORTED_MEDIA_TYPE, "only plain bodies\n");
        }
        match self.git(service, &[], body).await {
            Ok(answer) => Reply::full(StatusCode::OK, answer)
                .with_text(CONTENT_TYPE.as_str(), &format!("application/x-{service}-result")),
            Err(error) => Reply::full(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }

    async fn git(&self, service: &str, arguments: &[&str], input: &[u8]) -> io::Result<Vec<u8>> {
        let program = match service {
            "git-upload-pack" => "upload-pack",
            "git-receive-pack" => "receive-pack",
            _ => return Err(io::Error::other("no such service")),
        };
        let mut child = Command::new("git")
            .args([program, "--stateless-rpc"])
            .args(arguments)
            .arg(self.folder.path().join("repo.git"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input).await?;
        }
        Ok(child.wait_with_output().await?.stdout)
    }
}

fn make_repository(folder: &Path) -> Result<()> {
    let work: PathBuf = folder.join("work");
    std::fs::create_dir(&work)?;
    std::fs::write(work.join("README"), "cloned\n")?;
    let name = ["-c", "user.name=Host", "-c", "user.email=host@bottle.invalid"];
    for arguments in [
        &["init", "--quiet", "--initial-branch", "main"][..],
        &["add", "README"],
        &[&name[..], &["commit", "--quiet", "-m", "First"]].concat(),
        &["clone", "--quiet", "--bare", ".", "../repo.git"],
        &["--git-dir", "../repo.git", "config", "http.receivepack", "true"],
    ] {
        let git = std::process::Command::new("git")
            .args(arguments)
            .current_dir(&work)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", folder)
            .output()
            .context("cannot start git")?;
        ensure!(
            git.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&git.stderr)
        );
    }
    Ok(())
}
