//! Payments, banks, exchanges.

use super::{Check, Lead, Rule, assigned, named, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "stripe-secret-key",
        &["sk_live_", "sk_test_"],
        "[0-9A-Za-z]{24,250}",
        &["{A24}"],
        &["{A12}"],
        "https://docs.stripe.com/keys",
    ),
    token(
        "stripe-restricted-key",
        &["rk_live_", "rk_test_"],
        "[0-9A-Za-z]{24,250}",
        &["{A99}"],
        &["{A12}"],
        "https://docs.stripe.com/keys",
    ),
    token(
        "stripe-webhook-secret",
        &["whsec_"],
        "[0-9A-Za-z+/]{32,64}={0,2}",
        &["{A32}"],
        &["{A12}"],
        "https://docs.stripe.com/webhooks",
    ),
    token(
        "square-access-token",
        &["EAAA"],
        r"[\w-]{60}",
        &["{w60}"],
        &["{w30}"],
        "https://developer.squareup.com/docs/build-basics/access-tokens",
    )
    .lead(Lead::Alone)
    .entropy(4.0),
    token(
        "square-application-secret",
        &["sq0csp-"],
        r"[\w-]{43}",
        &["{w43}"],
        &["{w20}"],
        "https://developer.squareup.com/docs/build-basics/access-tokens",
    ),
    token(
        "square-legacy-token",
        &["sq0atp-"],
        r"[\w-]{22}",
        &["{w22}"],
        &["{w12}"],
        "https://developer.squareup.com/docs/build-basics/access-tokens",
    ),
    token(
        "paypal-braintree-token",
        &["access_token$production$", "access_token$sandbox$"],
        r"[0-9a-z]{16}\$[0-9a-f]{32}",
        &["{a16}${h32}"],
        &["{a16}"],
        "https://developer.paypal.com/braintree/docs/guides/authorization/overview/",
    ),
    named(
        "paypal-client-secret",
        &["paypal"],
        assigned!(r"E[\w-]{79}"),
        &[r#"_client_secret = "E{w79}""#],
        &[r#"_client_secret = "E{w20}""#],
        "https://developer.paypal.com/api/rest/",
    )
    .entropy(4.0),
    token(
        "adyen-api-key",
        &["AQE"],
        r"[\w+/=-]{40,200}-[\w+/=]{40,64}-[\w+/=<>.,;:!@#%^&*()\[\]{}]{10,20}",
        &["{b80}-{b44}-{A16}"],
        &["{b30}"],
        "https://docs.adyen.com/development-resources/api-credentials/",
    ),
    token(
        "razorpay-key",
        &["rzp_live_", "rzp_test_"],
        "[0-9A-Za-z]{14}",
        &["{A14}"],
        &["{A8}"],
        "https://razorpay.com/docs/payments/dashboard/account-settings/api-keys/",
    )
    .check(Check::Mixed),
    token(
        "mollie-api-key",
        &["live_", "test_"],
        "[0-9A-Za-z]{30}",
        &["{A30}"],
        &["{A20}"],
        "https://docs.mollie.com/reference/authentication",
    )
    .check(Check::Random)
    .entropy(4.0),
    token(
        "gocardless-token",
        &["live_", "sandbox_"],
        r"[\w-]{40}",
        &["{w40}"],
        &["{w20}"],
        "https://developer.gocardless.com/api-reference/#making-requests-authentication",
    )
    .check(Check::Random)
    .entropy(4.3),
    token(
        "flutterwave-secret-key",
        &["FLWSECK-", "FLWSECK_TEST-"],
        "[0-9a-f]{32}-X",
        &["{h32}-X"],
        &["{h20}-X"],
        "https://developer.flutterwave.com/docs/authentication",
    ),
    token(
        "paystack-secret-key",
        &["sk_live_", "sk_test_"],
        "[0-9a-f]{40}",
        &["{h40}"],
        &["{h20}"],
        "https://paystack.com/docs/api/authentication/",
    ),
    token(
        "plaid-access-token",
        &["access-sandbox-", "access-development-", "access-production-"],
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        &["{u}"],
        &["{h20}"],
        "https://plaid.com/docs/api/tokens/",
    ),
    named(
        "plaid-secret",
        &["plaid"],
        assigned!("[0-9a-f]{30}"),
        &[r#"_secret = "{h30}""#],
        &[r#"_secret = "{h20}""#],
        "https://plaid.com/docs/quickstart/",
    ),
    named(
        "lemonsqueezy-key",
        &["lemonsqueezy"],
        assigned!(r"eyJ0eXAiOiJKV1Qi[\w.-]{100,1200}"),
        &[r#"_api_key = "eyJ0eXAiOiJKV1Qi{w200}""#],
        &[r#"_api_key = "{w20}""#],
        "https://docs.lemonsqueezy.com/api",
    )
    .reach(2048),
    token(
        "paddle-api-key",
        &["pdl_live_apikey_", "pdl_sdbx_apikey_"],
        "[0-9a-z]{26}_[0-9A-Za-z]{22}_[0-9A-Za-z]{3}",
        &["{a26}_{A22}_{A3}"],
        &["{a26}"],
        "https://developer.paddle.com/api-reference/about/api-keys",
    ),
    named(
        "coinbase-api-key",
        &["coinbase"],
        assigned!("[0-9A-Za-z]{64}"),
        &[r#"_api_secret = "{A64}""#],
        &[r#"_api_secret = "{A20}""#],
        "https://docs.cdp.coinbase.com/",
    ),
    named(
        "binance-secret",
        &["binance"],
        assigned!("[0-9A-Za-z]{64}"),
        &[r#"_api_secret = "{A64}""#],
        &[r#"_api_secret = "{A20}""#],
        "https://developers.binance.com/docs/binance-spot-api-docs/rest-api",
    ),
    named(
        "kraken-private-key",
        &["kraken"],
        assigned!("[0-9A-Za-z+/]{86}=="),
        &[r#"_private_key = "{b86}==""#],
        &[r#"_private_key = "{b40}""#],
        "https://docs.kraken.com/api/docs/guides/spot-rest-auth/",
    ),
    named(
        "alpaca-api-key",
        &["APCA-API-SECRET-KEY", "APCA_API_SECRET_KEY"],
        assigned!("[0-9A-Za-z]{40}"),
        &[": {A40}"],
        &[": {A20}"],
        "https://docs.alpaca.markets/docs/authentication",
    )
    .check(Check::Random),
    token(
        "xprv-private-key",
        &["xprv", "tprv"],
        "[1-9A-HJ-NP-Za-km-z]{107}",
        &["{xprv}"],
        &["{A107}"],
        "https://github.com/bitcoin/bips/blob/master/bip-0032.mediawiki",
    )
    .check(Check::Base58),
    named(
        "wise-api-token",
        &["wise", "transferwise"],
        assigned!("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        &[r#"_api_token = "{u}""#],
        &[r#"_api_token = "{h20}""#],
        "https://docs.wise.com/api-docs/features/authentication-access",
    ),
    token(
        "infura-secret",
        &["infura.io/v3/"],
        "([0-9a-f]{32})",
        &["{h32}"],
        &["{h20}"],
        "https://docs.metamask.io/services/get-started/infura/",
    )
    .lead(Lead::Free),
    token(
        "alchemy-key",
        &[".g.alchemy.com/v2/"],
        r"([\w-]{21,36})",
        &["{w32}"],
        &["{w10}"],
        "https://www.alchemy.com/docs/create-an-api-key",
    )
    .lead(Lead::Free)
    .entropy(3.6),
    named(
        "etherscan-key",
        &["etherscan"],
        assigned!("[0-9A-Z]{34}"),
        &[r#"_api_key = "{U34}""#],
        &[r#"_api_key = "{U20}""#],
        "https://docs.etherscan.io/getting-an-api-key",
    ),
];
