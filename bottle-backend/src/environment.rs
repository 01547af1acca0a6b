//! The guest's environment: what every backend gives every guest, and nothing of the host's.

use std::collections::BTreeMap;

use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use bottle_plan::env::EnvValue;

/// Names that lead past the proxy: loopback and the doors that are not egress.
const NO_PROXY: &str = "localhost,127.0.0.1,git-gate,supervise";
/// Variables that programs read the path of a certificate bundle from.
const CA_VARIABLES: [&str; 7] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CODEX_CA_CERTIFICATE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
];

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
    env
}
