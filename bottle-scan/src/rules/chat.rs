//! Messengers, telephony, social networks.

use super::{Check, Lead, Rule, assigned, named, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "slack-bot-token",
        &["xoxb-"],
        r"\d{10,13}-\d{10,13}-[0-9A-Za-z]{23,26}",
        &["{d12}-{d13}-{A24}"],
        &["{d12}-{A24}"],
        "https://docs.slack.dev/authentication/tokens",
    )
    .lead(Lead::Free),
    token(
        "slack-user-token",
        &["xoxp-", "xoxe-"],
        r"(?:\d{10,13}-){2,3}[0-9A-Za-z-]{28,38}",
        &["{d12}-{d12}-{d13}-{h32}"],
        &["{d12}-{h20}"],
        "https://docs.slack.dev/authentication/tokens",
    )
    .lead(Lead::Free),
    token(
        "slack-legacy-token",
        &["xoxa-", "xoxr-", "xoxs-", "xoxo-"],
        r"(?:\d-)?[0-9A-Za-z-]{20,80}",
        &["2-{d12}-{d12}-{A24}"],
        &["{A10}"],
        "https://docs.slack.dev/authentication/tokens",
    )
    .check(Check::Mixed),
    token(
        "slack-rotating-token",
        &["xoxe.xoxb-", "xoxe.xoxp-"],
        r"\d-[0-9A-Za-z]{140,180}",
        &["1-{A163}"],
        &["1-{A40}"],
        "https://docs.slack.dev/authentication/using-token-rotation",
    ),
    token(
        "slack-refresh-token",
        &["xoxe-"],
        r"\d-[0-9A-Za-z]{140,180}",
        &["1-{A147}"],
        &["1-{A40}"],
        "https://docs.slack.dev/authentication/using-token-rotation",
    ),
    token(
        "slack-app-token",
        &["xapp-"],
        r"\d-[0-9A-Z]{8,12}-\d{10,14}-[0-9a-f]{64}",
        &["1-{U11}-{d13}-{h64}"],
        &["1-{U11}-{h64}"],
        "https://docs.slack.dev/authentication/tokens",
    ),
    token(
        "slack-client-cookie",
        &["xoxd-"],
        "[0-9A-Za-z%+/=]{100,250}",
        &["{b150}"],
        &["{b40}"],
        "https://docs.slack.dev/authentication/tokens",
    ),
    token(
        "slack-client-token",
        &["xoxc-"],
        r"(?:\d{10,13}-){3}[0-9a-f]{64}",
        &["{d12}-{d12}-{d12}-{h64}"],
        &["{d12}-{h64}"],
        "https://docs.slack.dev/authentication/tokens",
    ),
    token(
        "slack-webhook",
        &["hooks.slack.com/services/"],
        "(T[0-9A-Z]{8,12}/B[0-9A-Z]{8,12}/[0-9A-Za-z]{20,26})",
        &["T{U10}/B{U10}/{A24}"],
        &["T{U10}/B{U10}"],
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    )
    .lead(Lead::Free),
    token(
        "slack-workflow-webhook",
        &["hooks.slack.com/workflows/", "hooks.slack.com/triggers/"],
        "(T[0-9A-Z]{8,12}/[0-9A-Z]{8,20}/[0-9A-Za-z/]{20,60})",
        &["T{U10}/A{U10}/{d18}/{A24}"],
        &["T{U10}"],
        "https://slack.com/help/articles/360041352714-Build-a-workflow--Create-a-workflow-that-starts-outside-of-Slack",
    )
    .lead(Lead::Free),
    token(
        "discord-webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        r"(\d{17,20}/[\w-]{60,72})",
        &["{d18}/{w68}"],
        &["{d18}/{w20}"],
        "https://discord.com/developers/docs/resources/webhook",
    )
    .lead(Lead::Free),
    named(
        "discord-bot-token",
        &["discord", "DISCORD_TOKEN", "Authorization: Bot", "BOT_TOKEN"],
        r#"[\w.-]{0,24}(?:\\*["'`\]]){0,2}[ \t:=(,>]{1,8}(?:\\*["'`])?(?:Bot )?([MNO][0-9A-Za-z_-]{23,27}\.[\w-]{6}\.[\w-]{27,38})"#,
        &[r#"_token = "M{A25}.{w6}.{w38}""#],
        &[r#"_token = "M{A25}.{w6}""#],
        "https://discord.com/developers/docs/reference#authentication",
    ),
    token(
        "telegram-bot-token",
        &[":AA"],
        r"[\w-]{33}",
        &["{d10}:AA{w33}"],
        &["{d3}:AA{w33}"],
        "https://core.telegram.org/bots/api#authorizing-your-bot",
    )
    .lead(Lead::Digits(8,10))
    .entropy(4.0),
    token(
        "teams-webhook",
        &[".webhook.office.com/webhookb2/"],
        "([0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36})",
        &["{u}@{u}/IncomingWebhook/{h32}/{u}"],
        &["{u}"],
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
    )
    .lead(Lead::Free),
    token(
        "google-chat-webhook",
        &["chat.googleapis.com/v1/spaces/"],
        r"[\w-]{8,16}/messages\?key=[\w-]{30,45}&token=([\w-]{40,60})",
        &["{w11}/messages?key={w39}&token={w43}"],
        &["{w11}/messages?key={w39}"],
        "https://developers.google.com/workspace/chat/quickstart/webhooks",
    )
    .lead(Lead::Free),
    named(
        "mattermost-token",
        &["mattermost"],
        assigned!("[0-9a-z]{26}"),
        &[r#"_token = "{a26}""#],
        &[r#"_token = "{a12}""#],
        "https://developers.mattermost.com/integrate/reference/personal-access-token/",
    )
    .check(Check::Random)
    .entropy(3.5),
    token(
        "matrix-access-token",
        &["syt_"],
        "[0-9A-Za-z]{2,40}_[0-9A-Za-z]{20}_[0-9A-Za-z]{6}",
        &["{A8}_{A20}_{A6}"],
        &["{A8}_{A10}"],
        "https://spec.matrix.org/latest/client-server-api/#client-authentication",
    ),
    named(
        "twilio-account-key",
        &["twilio", "TWILIO"],
        r#"[\w.-]{0,24}(?:\\*["'`\]]){0,2}[ \t:=(,>]{1,8}(?:\\*["'`])?(SK[0-9a-f]{32})"#,
        &[r#"_api_key = "SK{h32}""#],
        &[r#"_api_key = "SK{h20}""#],
        "https://www.twilio.com/docs/iam/api-keys",
    ),
    named(
        "twilio-auth-token",
        &["twilio"],
        assigned!("[0-9a-f]{32}"),
        &[r#"_auth_token = "{h32}""#],
        &[r#"_auth_token = "{h20}""#],
        "https://www.twilio.com/docs/iam/access-tokens",
    ),
    token(
        "facebook-access-token",
        &["EAA"],
        "[0-9A-Za-z]{80,250}",
        &["{A160}"],
        &["{A40}"],
        "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/",
    )
    .check(Check::Mixed)
    .lead(Lead::Alone)
    .entropy(4.5),
    named(
        "facebook-app-secret",
        &["facebook", "fb_app"],
        assigned!("[0-9a-f]{32}"),
        &[r#"_secret = "{h32}""#],
        &[r#"_secret = "{h20}""#],
        "https://developers.facebook.com/docs/facebook-login/security/",
    ),
    token(
        "instagram-access-token",
        &["IGQV", "IGAA"],
        r"[\w-]{100,250}",
        &["{A150}"],
        &["{A40}"],
        "https://developers.facebook.com/docs/instagram-platform/",
    )
    .check(Check::Mixed),
    token(
        "twitter-bearer-token",
        &["AAAAAAAAAAAAAAAAAAAAA"],
        "[0-9A-Za-z%]{60,110}",
        &["{A80}"],
        &["{A20}"],
        "https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only",
    )
    .check(Check::Mixed)
    .entropy(4.0),
    token(
        "linkedin-client-secret",
        &["WPL_AP1."],
        r"[0-9A-Za-z]{16}\.[0-9A-Za-z+/=]{8}",
        &["{A16}.{A8}"],
        &["{A16}"],
        "https://learn.microsoft.com/en-us/linkedin/shared/authentication/authentication",
    ),
    named(
        "twitch-token",
        &["twitch"],
        assigned!("[0-9a-z]{30}"),
        &[r#"_oauth_token = "{a30}""#],
        &[r#"_oauth_token = "{a10}""#],
        "https://dev.twitch.tv/docs/authentication/",
    )
    .check(Check::Random)
    .entropy(3.6),
    named(
        "vonage-api-secret",
        &["vonage", "nexmo"],
        assigned!("[0-9A-Za-z]{16}"),
        &[r#"_api_secret = "{A16}""#],
        &[r#"_api_secret = "{A8}""#],
        "https://developer.vonage.com/en/account/secret-management",
    )
    .check(Check::Random)
    .entropy(3.4),
    named(
        "line-channel-token",
        &["LINE_CHANNEL_ACCESS_TOKEN", "line_channel_access_token"],
        assigned!("[0-9A-Za-z+/]{160,172}={0,2}"),
        &[r#"= "{b168}""#],
        &[r#"= "{b40}""#],
        "https://developers.line.biz/en/docs/basics/channel-access-token/",
    ),
    named(
        "zoom-client-secret",
        &["zoom"],
        assigned!("[0-9A-Za-z]{32}"),
        &[r#"_client_secret = "{A32}""#],
        &[r#"_client_secret = "{A10}""#],
        "https://developers.zoom.us/docs/internal-apps/s2s-oauth/",
    )
    .check(Check::Random)
    .entropy(3.8),
];
