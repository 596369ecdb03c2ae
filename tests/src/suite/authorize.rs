//! Authorization requests, and the URL that the user is sent to.

use reqwest::Url;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::party::{Number, Party, random_text};
use crate::forge::b64;

/// The parameters of an authorization request, and what belongs to them.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    pub(super) parameters: Map<String, Value>,
    pub(super) verifier: String,
}

/// What stands in the authorization URL besides `client_id` and `request_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// Some parameters of the request again: after those two from the first client, before them from the second.
    Some,
    None,
}

impl AuthorizationRequest {
    /// As this client asks, unless it tests something else.
    pub fn new(party: &Party) -> Self {
        // RFC 7636 §4.1: as long as may be, with all that is allowed.
        let verifier = format!("{}-._~", random_text(124));
        let (state, nonce) = match party.number {
            Number::First => (random_text(10), random_text(10)),
            Number::Second => (format!("{}-._~", random_text(124)), random_text(43)),
        };
        let mut request = Self {
            parameters: Map::new(),
            verifier,
        };
        let challenge = b64(Sha256::digest(&request.verifier));
        for (name, value) in [
            ("client_id", party.id.as_str()),
            ("redirect_uri", &party.redirect_uri),
            ("scope", &party.scope),
            ("state", &state),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ] {
            request = request.set(name, value);
        }
        if party.variant.is_openid() {
            request = request.set("nonce", nonce);
        }
        if party.variant.is_jarm() {
            request = request.set("response_mode", "jwt");
        }
        request
    }

    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.remove(name);
        self
    }

    /// A parameter that is a text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Value::as_str)
    }

    /// The parameters as texts.
    pub(super) fn form(&self) -> impl Iterator<Item = (String, String)> {
        self.parameters.iter().map(|(name, value)| {
            let text = value.as_str().map(str::to_owned);
            (name.clone(), text.unwrap_or_else(|| value.to_string()))
        })
    }
}

impl Party {
    /// Where the user is sent with a request that was pushed.
    pub fn authorization_url(
        &self,
        request: &AuthorizationRequest,
        request_uri: &str,
        duplicates: Duplicates,
    ) -> Url {
        let own = [
            ("client_id", self.id.as_str()),
            ("request_uri", request_uri),
        ];
        let mut all = own.to_vec();
        if duplicates == Duplicates::Some {
            let repeated = ["response_type", "scope", "redirect_uri"];
            all.extend(repeated.map(|name| (name, request.get(name).unwrap_or("code"))));
            if self.number == Number::Second {
                all.reverse();
            }
        }
        let endpoint = self.world.endpoint("authorization_endpoint");
        Url::parse_with_params(&endpoint, &all).expect("a URL")
    }

    /// Where the user would be sent without PAR.
    pub fn unpushed_authorization_url(&self, request: &AuthorizationRequest) -> Url {
        let endpoint = self.world.endpoint("authorization_endpoint");
        Url::parse_with_params(&endpoint, request.form()).expect("a URL")
    }
}
