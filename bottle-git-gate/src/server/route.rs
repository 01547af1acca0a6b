//! From a request's head to what is wanted. Pure.

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, header};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// The refs, before anything else.
    Advertise {
        repo: String,
        service: Service,
        version: u8,
    },
    /// `git-upload-pack`.
    Read {
        repo: String,
        version: u8,
        is_gzip: bool,
    },
    /// `git-receive-pack`.
    Push { repo: String },
}

/// One of git's two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    UploadPack,
    ReceivePack,
}

/// Why a request is none of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoute {
    pub(super) status: u16,
    pub(super) why: &'static str,
}

impl Route {
    pub(super) fn repo(&self) -> &str {
        match self {
            Self::Advertise { repo, .. } | Self::Read { repo, .. } | Self::Push { repo } => repo,
        }
    }
}

impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

const NOT_FOUND: NoRoute = NoRoute {
    status: 404,
    why: "git gate: repositories are at /<name>.git",
};

pub(super) fn route(head: &Parts) -> Result<Route, NoRoute> {
    let refuse = |status, why| Err(NoRoute { status, why });
    let path = head.uri.path().strip_prefix('/').ok_or(NOT_FOUND)?;
    let (repo, rest) = path.split_once(".git/").ok_or(NOT_FOUND)?;
    let repo = repo.to_owned();
    let version = version(&head.headers);
    let encoding = head.headers.get(header::CONTENT_ENCODING);
    let is_gzip = encoding.is_some_and(|value| value == "gzip" || value == "x-gzip");
    if encoding.is_some() && !is_gzip {
        return refuse(415, "git gate: only gzip is understood");
    }
    if rest.starts_with("info/lfs") {
        return refuse(
            501,
            "git gate: large file storage (LFS) does not pass the gate; store the files in git itself",
        );
    }
    match (&head.method, rest, head.uri.query()) {
        (&Method::GET, "info/refs", Some(query)) => match query.strip_prefix("service=") {
            Some("git-upload-pack") => Ok(Route::Advertise {
                repo,
                service: Service::UploadPack,
                version,
            }),
            Some("git-receive-pack") => Ok(Route::Advertise {
                repo,
                service: Service::ReceivePack,
                version: 0,
            }),
            _ => refuse(403, "git gate: there is no such service"),
        },
        (&Method::GET, "info/refs", None) => refuse(403, "git gate: the dumb protocol is not spoken"),
        (&Method::POST, "git-upload-pack", None) if is_of(&head.headers, Service::UploadPack) => {
            Ok(Route::Read {
                repo,
                version,
                is_gzip,
            })
        }
        (&Method::POST, "git-receive-pack", None) if is_of(&head.headers, Service::ReceivePack) => {
            match is_gzip {
                true => refuse(415, "git gate: a push is not compressed twice"),
                false => Ok(Route::Push { repo }),
            }
        }
        (&Method::POST, "git-upload-pack" | "git-receive-pack", _) => {
            refuse(415, "git gate: this is not how git asks")
        }
        (&Method::GET | &Method::POST, ..) => Err(NOT_FOUND),
        _ => refuse(405, "git gate: only GET and POST are understood"),
    }
}

/// A page in a browser cannot send this type without asking first, which nobody answers.
fn is_of(headers: &HeaderMap, service: Service) -> bool {
    let wanted = format!("application/x-{}-request", service.name());
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == wanted.as_str())
}

fn version(headers: &HeaderMap) -> u8 {
    let value = headers.get("git-protocol").and_then(|value| value.to_str().ok());
    let mut keys = value.unwrap_or_default().split(':');
    match keys.find_map(|key| key.strip_prefix("version=")) {
        Some("2") => 2,
        Some("1") => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, uri: &str, fields: &[(&str, &str)], expected: &Result<Route, u16>) {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(
            &route(&head).map_err(|refused| refused.status),
            expected,
            "{method} {uri}"
        );
    }

    #[test]
    fn what_git_asks_is_understood() {
        let repo = || "app".to_owned();
        let service = Service::UploadPack;
        let read = ("content-type", "application/x-git-upload-pack-request");
        let push = ("content-type", "application/x-git-receive-pack-request");
        check(
            "GET",
            "/app.git/info/refs?service=git-upload-pack",
            &[("git-protocol", "version=2")],
            &Ok(Route::Advertise {
                repo: repo(),
                service,
                version: 2,
            }),
        );
        check(
            "POST",
            "/app.git/git-upload-pack",
            &[read, ("content-encoding", "gzip")],
            &Ok(Route::Read {
                repo: repo(),
                version: 0,
                is_gzip: true,
            }),
        );
        check(
            "POST",
            "/app.git/git-receive-pack",
            &[push],
            &Ok(Route::Push { repo: repo() }),
        );
    }

    #[test]
    fn everything_else_is_refused() {
        let push = ("content-type", "application/x-git-receive-pack-request");
        for (method, uri, fields, status) in [
            ("GET", "/app.git/info/refs", &[][..], 403),
            ("GET", "/app.git/info/refs?service=git-upload-archive", &[], 403),
            ("GET", "/app.git/info/refs?service=git-upload-pack&x=1", &[], 403),
            ("GET", "/app.git/HEAD", &[], 404),
            ("GET", "/app/info/refs?service=git-upload-pack", &[], 404),
            ("POST", "/app.git/git-upload-pack", &[], 415),
            (
                "POST",
                "/app.git/git-receive-pack",
                &[("content-type", "text/plain")],
                415,
            ),
            (
                "POST",
                "/app.git/git-receive-pack",
                &[push, ("content-encoding", "gzip")],
                415,
            ),
            (
                "POST",
                "/app.git/git-receive-pack",
                &[push, ("content-encoding", "br")],
                415,
            ),
            ("POST", "/app.git/info/lfs/objects/batch", &[], 501),
            ("PUT", "/app.git/info/refs", &[], 405),
        ] {
            check(method, uri, fields, &Err(status));
        }
    }
}
