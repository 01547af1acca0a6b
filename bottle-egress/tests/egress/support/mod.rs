//! A door, an upstream and a guest, all in one process, over real sockets and real TLS.

mod guest;
mod upstream;

pub(crate) use guest::Guest;
pub(crate) use upstream::{Stream, Upstream, ok, read, read_head};

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bottle_egress::{CertificateAuthority, Clock, Listener, Resolve, Server, Settings, event_channel, mint};
use bottle_plan::egress::{AuthScheme, EgressPlan, ResolveOverride, Route, RouteAuth, RouteOwner};
use bottle_util::Secret;
use bottle_wire::event::{Event, RequestEvent, Verdict, What};
use tokio::net::UnixListener;
use tokio::sync::mpsc::Receiver;

/// What is injected on routes with a credential.
pub(crate) const TOKEN: &str = "sk-real-0123456789abcdef";

/// An open door with its guest's view of it.
pub(crate) struct Door {
    pub(crate) server: Server,
    pub(crate) ca: String,
    pub(crate) socket: PathBuf,
    events: tokio::sync::Mutex<Receiver<Event>>,
    _folder: tempfile::TempDir,
}

/// How a door is set up.
pub(crate) struct DoorPlan {
    pub(crate) plan: EgressPlan,
    pub(crate) roots: Vec<rustls_pki_types::CertificateDer<'static>>,
    pub(crate) host_addresses: Vec<std::net::IpAddr>,
    pub(crate) resolver: Arc<dyn Resolve>,
}

/// A route to everything on a host.
pub(crate) fn route(host: &str) -> Route {
    Route::to(host.parse().unwrap(), RouteOwner::Manifest)
}

/// A route with the test's token as bearer.
pub(crate) fn with_auth(mut route: Route) -> Route {
    route.auth = Some(RouteAuth {
        scheme: AuthScheme::Bearer,
        slot: "token".parse().unwrap(),
    });
    route
}

/// A door whose listed hosts all lead to one upstream.
pub(crate) async fn door_to(upstream: &Upstream, routes: Vec<Route>) -> Door {
    let mut plan = DoorPlan::new(routes);
    plan.lead_to(upstream);
    plan.open().await
}

impl DoorPlan {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        Self {
            plan: EgressPlan {
                routes,
                ..EgressPlan::default()
            },
            roots: Vec::new(),
            host_addresses: Vec::new(),
            resolver: Arc::new(Names::default()),
        }
    }

    /// Makes every exactly named host and port lead to the upstream, whose authority is believed.
    pub(crate) fn lead_to(&mut self, upstream: &Upstream) {
        for route in &self.plan.routes {
            let Some(host) = route.host.exact() else { continue };
            for port in &route.ports {
                self.plan.resolve.push(ResolveOverride {
                    host: host.clone(),
                    port: *port,
                    target: upstream.address,
                });
            }
        }
        self.roots.push(upstream.root.clone());
    }

    pub(crate) async fn open(self) -> Door {
        let minted = mint("test", SystemTime::now()).unwrap();
        let settings = Settings {
            plan: self.plan,
            tokens: BTreeMap::from([("token".parse().unwrap(), Secret::from(TOKEN.to_owned()))]),
            authority: CertificateAuthority::load(&minted.certificate, &minted.key).unwrap(),
            roots: self.roots,
            upstream_roots: Vec::new(),
            host_addresses: self.host_addresses,
            clock: Clock::new(SystemTime::now),
            resolver: self.resolver,
        };
        let (sender, events) = event_channel();
        let server = Server::new(settings, sender).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("egress");
        let listener = UnixListener::bind(&socket).unwrap();
        let serving = server.clone();
        tokio::spawn(async move {
            serving
                .serve(Listener::Unix(listener), std::future::pending())
                .await;
        });
        Door {
            server,
            ca: minted.certificate,
            socket,
            events: tokio::sync::Mutex::new(events),
            _folder: folder,
        }
    }
}

impl Door {
    /// A guest inside a tunnel to `host:443`.
    pub(crate) async fn tunnel(&self, host: &str) -> Guest {
        Guest::tunnel(self, &format!("{host}:443"), Some(host)).await
    }

    /// A guest on the door itself.
    pub(crate) async fn plain(&self) -> Guest {
        Guest::plain(self).await
    }

    /// The next recorded request.
    pub(crate) async fn event(&self) -> RequestEvent {
        let mut events = self.events.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(10), events.recv()).await;
        match next.expect("an event in time").expect("an open channel").what {
            What::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    /// Drops the receiving end of the event channel.
    pub(crate) async fn stop_recording(&self) {
        self.events.lock().await.close();
    }

    /// The verdict and rule of the next recorded request.
    pub(crate) async fn verdict(&self) -> (Verdict, String) {
        let event = self.event().await;
        (event.verdict, event.rule)
    }
}

/// A resolver whose answers the test writes; unknown hosts have none. It counts how often it was asked.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) answers: Mutex<BTreeMap<String, Vec<std::net::IpAddr>>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Names {
    pub(crate) fn set(&self, host: &str, answers: &[&str]) {
        let answers = answers.iter().map(|answer| answer.parse().unwrap()).collect();
        self.answers.lock().unwrap().insert(host.to_owned(), answers);
    }
}

impl Resolve for Names {
    fn resolve(
        &self,
        host: &bottle_plan::egress::HostName,
    ) -> std::pin::Pin<Box<dyn Future<Output = std::io::Result<Vec<std::net::IpAddr>>> + Send>> {
        self.asked.lock().unwrap().push(host.to_string());
        let found = self.answers.lock().unwrap().get(host.as_str()).cloned();
        Box::pin(async move { found.ok_or_else(|| std::io::ErrorKind::NotFound.into()) })
    }
}
