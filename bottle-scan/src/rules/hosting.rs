//! Where sites and functions run, and networks.

use super::{Check, Rule, assigned, named, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "vercel-access-token",
        &["vcp_", "vci_", "vca_", "vcr_", "vck_"],
        r"[\w-]{40,60}",
        &["{w56}"],
        &["{w20}"],
        "https://vercel.com/docs/accounts/access-tokens",
    ),
    token(
        "vercel-blob-token",
        &["vercel_blob_rw_"],
        "[0-9A-Za-z]{16}_[0-9A-Za-z]{30}",
        &["{A16}_{A30}"],
        &["{A16}"],
        "https://vercel.com/docs/vercel-blob",
    ),
    token(
        "netlify-token",
        &["nfp_", "nfc_", "nfo_", "nfb_"],
        "[0-9A-Za-z]{36}",
        &["{A36}"],
        &["{A20}"],
        "https://docs.netlify.com/api-and-cli-guides/api-guides/get-started-with-api/",
    )
    .check(Check::Mixed),
    token(
        "heroku-api-key",
        &["HRKU-"],
        r"[\w-]{60}",
        &["{w60}"],
        &["{w20}"],
        "https://devcenter.heroku.com/articles/authentication",
    ),
    named(
        "heroku-legacy-key",
        &["heroku"],
        assigned!("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        &["_api_key = {u}"],
        &["_api_key = {h20}"],
        "https://devcenter.heroku.com/articles/authentication",
    ),
    token(
        "flyio-token",
        &["fm2_"],
        "[0-9A-Za-z+/]{100,1500}={0,3}",
        &["{b200}"],
        &["{b40}"],
        "https://fly.io/docs/security/tokens/",
    )
    .reach(2048),
    token(
        "flyio-legacy-token",
        &["fo1_"],
        r"[\w-]{43}",
        &["{w43}"],
        &["{w20}"],
        "https://fly.io/docs/security/tokens/",
    ),
    token(
        "render-api-key",
        &["rnd_"],
        "[0-9A-Za-z]{28,32}",
        &["{A32}"],
        &["{A16}"],
        "https://render.com/docs/api",
    )
    .check(Check::Mixed)
    .entropy(3.6),
    named(
        "railway-token",
        &["railway"],
        assigned!("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        &["_token={u}"],
        &["_token={h20}"],
        "https://docs.railway.com/guides/public-api",
    ),
    named(
        "cloudflare-api-token",
        &["cloudflare"],
        assigned!(r"[\w-]{40}"),
        &[r#"_api_token = "{w40}""#],
        &[r#"_api_token = "{w20}""#],
        "https://developers.cloudflare.com/fundamentals/api/get-started/create-token/",
    )
    .check(Check::Random)
    .entropy(4.0),
    named(
        "cloudflare-global-key",
        &["cloudflare"],
        assigned!("[0-9a-f]{37}"),
        &[r#"_api_key = "{h37}""#],
        &[r#"_api_key = "{h20}""#],
        "https://developers.cloudflare.com/fundamentals/api/get-started/keys/",
    ),
    token(
        "cloudflare-origin-ca-key",
        &["v1.0-"],
        "[0-9a-f]{24}-[0-9a-f]{146}",
        &["{h24}-{h146}"],
        &["{h24}-{h40}"],
        "https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/",
    ),
    named(
        "fastly-api-token",
        &["fastly"],
        assigned!(r"[\w-]{32}"),
        &[r#"_api_token = "{w32}""#],
        &[r#"_api_token = "{w10}""#],
        "https://www.fastly.com/documentation/reference/api/auth-tokens/",
    )
    .check(Check::Random)
    .entropy(4.0),
    named(
        "ngrok-api-key",
        &["ngrok"],
        assigned!("[0-9A-Za-z]{27}_[0-9A-Za-z]{21}"),
        &["_authtoken: {A27}_{A21}"],
        &["_authtoken: {A20}"],
        "https://ngrok.com/docs/agent/#authtokens",
    ),
    token(
        "tailscale-auth-key",
        &["tskey-auth-"],
        "[0-9A-Za-z]{11,17}-[0-9A-Za-z]{20,40}",
        &["{A12}CNTRL-{A32}"],
        &["{A12}"],
        "https://tailscale.com/kb/1085/auth-keys",
    ),
    token(
        "tailscale-api-key",
        &["tskey-api-", "tskey-client-", "tskey-scim-", "tskey-webhook-"],
        "[0-9A-Za-z]{11,17}-[0-9A-Za-z]{20,40}",
        &["{A12}CNTRL-{A32}"],
        &["{A12}"],
        "https://tailscale.com/kb/1101/api",
    ),
    named(
        "zerotier-token",
        &["zerotier"],
        assigned!("[0-9A-Za-z]{32}"),
        &["_token = {A32}"],
        &["_token = {A10}"],
        "https://docs.zerotier.com/api/",
    )
    .check(Check::Random)
    .entropy(3.8),
    token(
        "deno-deploy-token",
        &["ddp_", "ddo_"],
        "[0-9A-Za-z]{36}",
        &["{A36}"],
        &["{A20}"],
        "https://docs.deno.com/deploy/",
    )
    .check(Check::Mixed),
    named(
        "namecheap-api-key",
        &["namecheap"],
        assigned!("[0-9a-f]{32}"),
        &["_api_key = {h32}"],
        &["_api_key = {h20}"],
        "https://www.namecheap.com/support/api/intro/",
    ),
    named(
        "godaddy-api-key",
        &["godaddy"],
        assigned!("[0-9A-Za-z]{10,12}_[0-9A-Za-z]{21,22}"),
        &["_api_key = {A12}_{A22}"],
        &["_api_key = {A12}"],
        "https://developer.godaddy.com/getstarted",
    ),
    named(
        "bunny-api-key",
        &["bunny"],
        assigned!("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{20}-[0-9a-f]{4}-[0-9a-f]{4}"),
        &["_key: {h8}-{h4}-{h4}-{h4}-{h20}-{h4}-{h4}"],
        &["_key: {u}"],
        "https://docs.bunny.net/reference/bunnynet-api-overview",
    ),
];
