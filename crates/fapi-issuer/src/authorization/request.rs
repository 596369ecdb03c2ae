//! An authorization request that was pushed, checked as a whole.

use fapi_core::UnixTime;
use fapi_core::jose::Thumbprint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AuthorizationProblem, ClaimsRequest, DetailTypes, Parameters};
use crate::client::{GrantType, RegisteredClient, ResponseMode};
use crate::scope::Scope;
use crate::storage::{Kind, Stored};

/// What a client asks a user for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    /// Until when a user may come with it, in seconds since 1970.
    good_until: i64,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<String>,
    pub(crate) scope: String,
    pub(crate) audience: String,
    pub(crate) authorization_details: Vec<Value>,
    pub(crate) claims: ClaimsRequest,
    pub(crate) nonce: Option<String>,
    /// The S256 challenge (RFC 7636 §4.2).
    pub(crate) code_challenge: String,
    /// The DPoP key that the code is bound to (RFC 9449 §10).
    pub(crate) dpop_jkt: Option<String>,
    pub(crate) prompt: Vec<Prompt>,
    pub(crate) max_age: Option<u32>,
    /// One of these must be reached (RFC 9470 §5). Empty: any will do.
    pub(crate) acr_values: Vec<String>,
    pub(crate) login_hint: Option<String>,
}

impl Stored for AuthorizationRequest {
    const KIND: Kind = Kind::PushedRequest;
}

/// OpenID Connect Core §3.1.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// What requests are checked against.
pub(crate) struct Rules<'a> {
    /// Until when a user may come with the request.
    pub(crate) good_until: UnixTime,
    pub(crate) client: &'a RegisteredClient,
    pub(crate) details: &'a DetailTypes,
    /// The key of the proof that came along (RFC 9449 §10.1).
    pub(crate) proof_key: Option<&'a Thumbprint>,
}

impl AuthorizationRequest {
    /// Whether it is too late to come with it. Who has come in time may take longer.
    pub(crate) fn has_expired(&self, now: UnixTime) -> bool {
        now >= UnixTime::from_secs(self.good_until)
    }

    /// Checks the parameters of a client that has authenticated.
    pub(crate) fn check(
        parameters: &Parameters,
        rules: &Rules<'_>,
    ) -> Result<Self, AuthorizationProblem> {
        let client = rules.client;
        // RFC 9126 §2.1.
        if parameters.has("request_uri") {
            return Err(AuthorizationProblem::RequestUri);
        }
        let text = |name| parameters.text(name);
        let owned = |name| Ok(parameters.text(name)?.map(str::to_owned));
        if text("client_id")?.is_some_and(|named| *named != *client.client_id) {
            return Err(AuthorizationProblem::OtherClient);
        }
        match text("response_type")? {
            Some("code") => {}
            Some(_) => return Err(AuthorizationProblem::ResponseType),
            None => return Err(AuthorizationProblem::ResponseTypeMissing),
        }
        let redirect_uri = text("redirect_uri")?.ok_or(AuthorizationProblem::RedirectUriMissing)?;
        if !client.may_use(GrantType::AuthorizationCode) || !client.has_redirect_uri(redirect_uri) {
            return Err(AuthorizationProblem::RedirectUri);
        }
        let prompt = prompts(text("prompt")?)?;
        let claims = ClaimsRequest::read(parameters.json("claims")?)?;
        let details = parameters.json("authorization_details")?;
        let allowed = &client.document().authorization_details_types;
        Ok(Self {
            good_until: rules.good_until.as_secs(),
            client_id: (*client.client_id).to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            response_mode: response_mode(client, text("response_mode")?)?,
            state: owned("state")?,
            scope: scope(client, text("scope")?)?.to_string(),
            audience: audience(client, parameters.resources())?.to_owned(),
            authorization_details: rules
                .details
                .read(details, allowed)
                .map_err(|_| AuthorizationProblem::Details)?,
            nonce: owned("nonce")?,
            code_challenge: code_challenge(
                text("code_challenge")?,
                text("code_challenge_method")?,
            )?
            .to_owned(),
            dpop_jkt: dpop_jkt(text("dpop_jkt")?, rules.proof_key)?,
            prompt,
            max_age: parameters.seconds("max_age")?,
            acr_values: acr_values(text("acr_values")?, &claims),
            login_hint: owned("login_hint")?,
            claims,
        })
    }

    pub(crate) fn prompts(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }
}

fn response_mode(
    client: &RegisteredClient,
    asked: Option<&str>,
) -> Result<ResponseMode, AuthorizationProblem> {
    let asked = match asked {
        None => None,
        Some("query") => Some(ResponseMode::Query),
        // JARM §2.3.4: `jwt` is what is right for the response type.
        Some("jwt" | "query.jwt") => Some(ResponseMode::Jwt),
        Some(_) => return Err(AuthorizationProblem::ResponseMode),
    };
    client
        .response_mode(asked)
        .ok_or(AuthorizationProblem::ResponseMode)
}

/// RFC 6749 §3.3: the default is all that the client is registered for.
pub(super) fn scope(
    client: &RegisteredClient,
    asked: Option<&str>,
) -> Result<Scope, AuthorizationProblem> {
    let Some(asked) = asked else {
        return Ok(client.scope.clone());
    };
    Scope::parse(asked)
        .ok()
        .filter(|asked| client.scope.contains_all(asked))
        .ok_or(AuthorizationProblem::Scope)
}

/// RFC 9068 §3: with several resources nobody could say which scope value is for which.
fn audience<'a>(
    client: &'a RegisteredClient,
    resources: &'a [String],
) -> Result<&'a str, AuthorizationProblem> {
    match resources {
        [] => Ok(client.audiences.default()),
        [one] if client.audiences.contains(one) => Ok(one),
        [_, ..] => Err(AuthorizationProblem::Target),
    }
}

/// FAPI 2.0 Security Profile §5.3.2.2: S256 alone. Without a method it would be `plain` (RFC 7636 §4.3).
fn code_challenge<'a>(
    challenge: Option<&'a str>,
    method: Option<&str>,
) -> Result<&'a str, AuthorizationProblem> {
    let challenge = challenge.ok_or(AuthorizationProblem::Pkce)?;
    // A SHA-256 in base64url is as long and made of the same characters as a thumbprint.
    let is_digest = Thumbprint::from_base64url(challenge).is_some();
    if method == Some("S256") && is_digest {
        Ok(challenge)
    } else {
        Err(AuthorizationProblem::Pkce)
    }
}

/// RFC 9449 §10.1: if both are there they must say the same.
fn dpop_jkt(
    named: Option<&str>,
    proof_key: Option<&Thumbprint>,
) -> Result<Option<String>, AuthorizationProblem> {
    let proven = proof_key.map(ToString::to_string);
    let Some(named) = named else {
        return Ok(proven);
    };
    let agrees = proven.is_none_or(|proven| proven == named);
    if agrees && Thumbprint::from_base64url(named).is_some() {
        Ok(Some(named.to_owned()))
    } else {
        Err(AuthorizationProblem::DpopJkt)
    }
}

fn prompts(text: Option<&str>) -> Result<Vec<Prompt>, AuthorizationProblem> {
    let prompts: Vec<_> = text
        .into_iter()
        .flat_map(|text| text.split(' '))
        .map(|value| match value {
            "none" => Ok(Prompt::None),
            "login" => Ok(Prompt::Login),
            "consent" => Ok(Prompt::Consent),
            "select_account" => Ok(Prompt::SelectAccount),
            _ => Err(AuthorizationProblem::Prompt),
        })
        .collect::<Result<_, _>>()?;
    if prompts.len() > 1 && prompts.contains(&Prompt::None) {
        return Err(AuthorizationProblem::Prompt);
    }
    Ok(prompts)
}

/// `acr_values` is but a wish in OpenID Connect; RFC 9470 §5 has it as a demand of the resource server, and a token that
/// does not meet it would be refused there.
fn acr_values(text: Option<&str>, claims: &ClaimsRequest) -> Vec<String> {
    if !claims.acr.is_empty() {
        return claims.acr.clone();
    }
    let values = text.into_iter().flat_map(|text| text.split(' '));
    values.map(str::to_owned).collect()
}
