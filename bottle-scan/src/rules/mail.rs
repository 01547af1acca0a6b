//! Mail and notifications.

use super::{Check, Lead, Rule, assigned, named, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "sendgrid-api-key",
        &["SG."],
        r"[\w-]{22}\.[\w-]{43}",
        &["{w22}.{w43}"],
        &["{w22}.{w20}"],
        "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
    ),
    token(
        "mailgun-api-key",
        &["key-"],
        "[0-9a-f]{32}",
        &["{h32}"],
        &["{h30}"],
        "https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/rbac-mgmt",
    ),
    named(
        "mailgun-account-key",
        &["mailgun"],
        assigned!("[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
        &["_api_key = {h32}-{h8}-{h8}"],
        &["_api_key = {h20}"],
        "https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/rbac-mgmt",
    ),
    token(
        "mailchimp-api-key",
        &["-us"],
        r"\d{1,2}",
        &["{h32}-us14"],
        &["{h20}-us14"],
        "https://mailchimp.com/developer/marketing/docs/fundamentals/",
    )
    .lead(Lead::Hex(32)),
    token(
        "mandrill-api-key",
        &["md-"],
        r"[\w-]{22}",
        &["{w22}"],
        &["{w12}"],
        "https://mailchimp.com/developer/transactional/guides/quick-start/",
    )
    .check(Check::Random)
    .entropy(4.0),
    named(
        "postmark-server-token",
        &["postmark"],
        assigned!("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        &["_server_token = {u}"],
        &["_server_token = {h20}"],
        "https://postmarkapp.com/developer/api/overview",
    ),
    token(
        "sendinblue-api-key",
        &["xkeysib-"],
        "[0-9a-f]{64}-[0-9A-Za-z]{16}",
        &["{h64}-{A16}"],
        &["{h64}"],
        "https://developers.brevo.com/docs/getting-started",
    ),
    token(
        "sendinblue-smtp-key",
        &["xsmtpsib-"],
        "[0-9a-f]{64}-[0-9A-Za-z]{16}",
        &["{h64}-{A16}"],
        &["{h64}"],
        "https://developers.brevo.com/docs/smtp-integration",
    ),
    token(
        "resend-api-key",
        &["re_"],
        "[0-9A-Za-z]{8}_[0-9A-Za-z]{24}",
        &["{A8}_{A24}"],
        &["{A8}_{A10}"],
        "https://resend.com/docs/dashboard/api-keys/introduction",
    )
    .check(Check::Random)
    .entropy(4.0),
    named(
        "mailjet-secret",
        &["mailjet"],
        assigned!("[0-9a-f]{32}"),
        &[r#"_api_secret = "{h32}""#],
        &[r#"_api_secret = "{h20}""#],
        "https://dev.mailjet.com/email/guides/",
    ),
    named(
        "sparkpost-api-key",
        &["sparkpost"],
        assigned!("[0-9a-f]{40}"),
        &[r#"_api_key = "{h40}""#],
        &[r#"_api_key = "{h20}""#],
        "https://developers.sparkpost.com/api/",
    ),
    token(
        "klaviyo-private-key",
        &["pk_"],
        "[0-9a-f]{34}",
        &["{h34}"],
        &["{h30}"],
        "https://developers.klaviyo.com/en/docs/authenticate_",
    ),
    named(
        "customerio-key",
        &["customerio", "customer_io"],
        assigned!("[0-9a-f]{20}"),
        &[r#"_api_key = "{h20}""#],
        &[r#"_api_key = "{h10}""#],
        "https://docs.customer.io/accounts-and-workspaces/managing-credentials/",
    )
    .entropy(2.6),
    token(
        "onesignal-key",
        &["os_v2_app_", "os_v2_org_"],
        "[0-9a-z]{90,110}",
        &["{a103}"],
        &["{a40}"],
        "https://documentation.onesignal.com/docs/en/keys-and-ids",
    ),
    named(
        "pushover-token",
        &["pushover"],
        assigned!("a[0-9a-z]{29}"),
        &[r#"_token = "a{a29}""#],
        &[r#"_token = "a{a10}""#],
        "https://pushover.net/api",
    )
    .check(Check::Random)
    .entropy(3.6),
    token(
        "firebase-server-key",
        &["AAAA"],
        r"[\w-]{7}:[\w-]{140}",
        &["{w7}:{w140}"],
        &["{w7}:{w40}"],
        "https://firebase.google.com/docs/cloud-messaging/auth-server",
    ),
    named(
        "loops-api-key",
        &["loops"],
        assigned!("[0-9a-f]{32}"),
        &[r#"_api_key = "{h32}""#],
        &[r#"_api_key = "{h20}""#],
        "https://loops.so/docs/api-reference/intro",
    ),
];
