//! The guest's environment: what every backend gives every guest, and nothing of the host's.

use std::collections::BTreeMap;

use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use bottle_plan::env::EnvValue;
use bottle_util::ca::GUEST_JAVA_STORE;

/// Names that lead past the proxy: loopback and the doors that are not egress.
const NO_PROXY: &str = "localhost,127.0.0.1,git-gate,supervise";
/// Variables that programs read the path of a certificate bundle from.
const CA_VARIABLES: [&str; 12] = [
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CODEX_CA_CERTIFICATE",
    "CURL_CA_BUNDLE",
    "DENO_CERT",
    "GIT_SSL_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NIX_SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];
/// What Java reads instead of the environment.
const JAVA: &str = "JAVA_TOOL_OPTIONS";

/// Returns the variables of a guest that hold no secret: proxies, trust, the provider's own, the manifest's literals.
///
/// The manifest wins over the provider, and neither can redirect the proxy or the trust store.
#[must_use]
pub fn guest_environment(plan: &BottlePlan) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    env.insert("HOME".to_owned(), plan.guest_home.to_string());
    env.insert("USER".to_owned(), plan.provider.user.name.clone());
    env.insert("LANG".to_owned(), "C.UTF-8".to_owned());
    env.insert(
        "PATH".to_owned(),
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
    );
    env.extend(
        plan.provider
            .env
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone())),
    );
    for (name, value) in &plan.env {
        if let EnvValue::Literal(text) = value {
            env.insert(name.to_string(), text.clone());
        }
    }
    let proxy = format!("http://{}:{}", Door::Egress, Door::Egress.port());
    for (name, value) in [
        ("HTTPS_PROXY", proxy.as_str()),
        ("HTTP_PROXY", &proxy),
        ("NO_PROXY", NO_PROXY),
    ] {
        env.insert(name.to_owned(), value.to_owned());
        env.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    for name in CA_VARIABLES {
        env.insert(name.to_owned(), plan.provider.trust.bundle.to_string());
    }
    let java = java_options(plan, env.get(JAVA).map(String::as_str));
    env.insert(JAVA.to_owned(), java);
    env
}

/// Java's proxy and trust store behind whatever else it is told: the last word on a property counts.
fn java_options(plan: &BottlePlan, told: Option<&str>) -> String {
    let store = plan.provider.trust.certificate.parent();
    let (host, port) = (Door::Egress, Door::Egress.port());
    let without_proxy = NO_PROXY.replace(',', "|");
    let ours = format!(
        "-Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} \
         -Dhttp.nonProxyHosts={without_proxy} -Djavax.net.ssl.trustStore={store}/{GUEST_JAVA_STORE} \
         -Djavax.net.ssl.trustStoreType=PKCS12"
    );
    told.map_or_else(|| ours.clone(), |told| format!("{told} {ours}"))
}
