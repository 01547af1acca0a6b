//! The two kinds of credential, and what stands for each in the guest.

use bottle_plan::egress::AuthScheme;
use bottle_provider::ProviderInputs;

/// One kind of credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// The guest's variable for it.
    pub(crate) variable: &'static str,
    /// What the variable holds there. The program never looks at more than the kind.
    pub(crate) placeholder: &'static str,
    /// How the service wants it.
    pub(crate) scheme: AuthScheme,
}

/// What the tokens of `claude setup-token` begin with; API keys begin with `sk-ant-api`.
const LOGIN_PREFIX: &str = "sk-ant-oat";
/// What the placeholder of an API key ends with is what its dialog asks to have approved.
const APPROVED_CHARACTERS: usize = 20;

impl Credential {
    /// Returns the kind that the bottle's host variable holds; none when the bottle names no variable.
    ///
    /// A variable that is not set counts as a login: preparing the bottle refuses it anyway.
    pub(crate) fn of(inputs: &ProviderInputs<'_>) -> Option<Self> {
        let variable = inputs.choice.auth_token.as_ref()?;
        Some(match (inputs.has_prefix)(variable, LOGIN_PREFIX) {
            Some(false) => Self {
                variable: "ANTHROPIC_API_KEY",
                placeholder: "sk-ant-api03-bottle-placeholder",
                scheme: AuthScheme::Header("x-api-key".to_owned()),
            },
            Some(true) | None => Self {
                variable: "CLAUDE_CODE_OAUTH_TOKEN",
                placeholder: "sk-ant-oat01-bottle-placeholder",
                scheme: AuthScheme::Bearer,
            },
        })
    }

    /// Returns what `~/.claude.json` has to approve so that no dialog asks about the key; none for a login.
    pub(crate) fn approved(&self) -> Option<&'static str> {
        let tail = self.placeholder.len().saturating_sub(APPROVED_CHARACTERS);
        match self.scheme {
            AuthScheme::Header(_) => self.placeholder.get(tail..),
            _ => None,
        }
    }
}
