//! A row of the table.

use std::fmt;

use tower_fapi::testing::{Algorithm, ProofBuilder, TokenBuilder};

use crate::profile::Profile;
use crate::scene::Scene;
use crate::wire::WireRequest;

/// One input and what must come of it.
pub struct Case {
    pub id: &'static str,
    pub about: String,
    pub expect: Expect,
    pub profile: Profile,
    /// What client and issuer sign with.
    pub algorithm: Algorithm,
    /// The status with which an HTTP parser refuses such a message before anybody else sees it.
    pub parser: Option<u16>,
    pub acts: Box<Acts>,
}

pub type Acts = dyn Fn(&mut Scene<'_>) -> Vec<Act> + Send + Sync;

/// What happens in a case. Every request but the last must be accepted; the last is what the case is about.
#[derive(Clone, Debug)]
pub enum Act {
    Send(WireRequest),
    /// Time goes on, in seconds.
    Advance(i64),
}

/// What must come of the last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Accepted,
    /// The client certificate is the proof: there is nothing to ask the replay store about.
    AcceptedByCertificate,
    /// The service behind is called, and told of nobody.
    Public,
    /// The service behind is called, and told why the request would have been refused.
    Reported,
    /// 401, challenge without an error code.
    Challenge,
    /// 400 `invalid_request`.
    InvalidRequest,
    /// 401 `invalid_token`.
    InvalidToken,
    /// 401 `invalid_dpop_proof`.
    InvalidProof,
    /// 401 `invalid_dpop_proof`, and the replay store said so.
    Replayed,
    /// 401 `use_dpop_nonce` and one `DPoP-Nonce`.
    UseNonce,
    /// 429 and `Retry-After`.
    TooMany,
    /// 503 and `Retry-After`; the replay store was asked.
    StoreUnavailable,
    /// 503 and `Retry-After`; the replay store was not asked.
    KeysUnavailable,
    /// 503 and `Retry-After`; the replay store was not asked.
    IntrospectionUnavailable,
    /// 403 `insufficient_scope`, and this as `scope`.
    InsufficientScope(Option<&'static str>),
    /// 401 `insufficient_user_authentication`.
    StepUp(StepUp),
}

/// The parameters of a challenge for stronger authentication (RFC 9470 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepUp {
    pub acr_values: Option<&'static str>,
    pub max_age: Option<&'static str>,
    /// Given where the token lacks scope as well.
    pub scope: Option<&'static str>,
}

impl Expect {
    pub fn status(self) -> u16 {
        match self {
            Self::Accepted | Self::AcceptedByCertificate | Self::Public | Self::Reported => 200,
            Self::InvalidRequest => 400,
            Self::InsufficientScope(_) => 403,
            Self::Challenge
            | Self::InvalidToken
            | Self::InvalidProof
            | Self::Replayed
            | Self::UseNonce
            | Self::StepUp(_) => 401,
            Self::TooMany => 429,
            Self::StoreUnavailable | Self::KeysUnavailable | Self::IntrospectionUnavailable => 503,
        }
    }

    /// Whether the service behind is called.
    pub fn passes(self) -> bool {
        self.status() == 200
    }

    /// Whether the client is to come again later.
    pub fn is_for_later(self) -> bool {
        matches!(self.status(), 429 | 503)
    }

    /// The reasons that go with it, where the answer alone does not tell.
    pub fn reasons(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Replayed => Some(&["proof_replayed"]),
            Self::KeysUnavailable => Some(&["keys_unavailable"]),
            Self::IntrospectionUnavailable => Some(&["introspection_unavailable"]),
            Self::StoreUnavailable => Some(&["replay_store_unavailable", "replay_store_full"]),
            _ => None,
        }
    }

    /// The error code in `WWW-Authenticate`.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InvalidProof | Self::Replayed => Some("invalid_dpop_proof"),
            Self::UseNonce => Some("use_dpop_nonce"),
            Self::InsufficientScope(_) => Some("insufficient_scope"),
            Self::StepUp(_) => Some("insufficient_user_authentication"),
            Self::Accepted
            | Self::AcceptedByCertificate
            | Self::Public
            | Self::Reported
            | Self::Challenge
            | Self::TooMany
            | Self::StoreUnavailable
            | Self::KeysUnavailable
            | Self::IntrospectionUnavailable => None,
        }
    }

    /// How often the replay store is asked about the last request.
    pub fn store_calls(self) -> u64 {
        match self {
            Self::Accepted | Self::Replayed | Self::StoreUnavailable => 1,
            _ => 0,
        }
    }
}

impl Case {
    /// A case of whatever acts.
    pub fn acts(
        id: &'static str,
        about: impl Into<String>,
        expect: Expect,
        acts: impl Fn(&mut Scene<'_>) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id,
            about: about.into(),
            expect,
            profile: Profile::Default,
            algorithm: Algorithm::Es256,
            parser: None,
            acts: Box::new(acts),
        }
    }

    /// One request.
    pub fn request(
        id: &'static str,
        about: impl Into<String>,
        expect: Expect,
        request: impl Fn(&Scene<'_>) -> WireRequest + Send + Sync + 'static,
    ) -> Self {
        Self::acts(id, about, expect, move |scene| {
            vec![Act::Send(request(scene))]
        })
    }

    /// The good request, whose proof is made in another way.
    pub fn proof(
        id: &'static str,
        about: impl Into<String>,
        expect: Expect,
        change: impl Fn(ProofBuilder, &Scene<'_>) -> ProofBuilder + Send + Sync + 'static,
    ) -> Self {
        Self::request(id, about, expect, move |scene| {
            let token = scene.token().build();
            let proof = change(scene.proof(&token), scene).build();
            scene.request(&token, &proof)
        })
    }

    /// The good request, the text of whose proof is changed.
    pub fn proof_text(
        id: &'static str,
        about: impl Into<String>,
        expect: Expect,
        change: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::request(id, about, expect, move |scene| {
            let token = scene.token().build();
            let proof = scene.proof(&token).build();
            scene.request(&token, &proof).with("DPoP", change(&proof))
        })
    }

    /// The good request, whose token is made in another way; the proof is for that token.
    pub fn token(
        id: &'static str,
        about: impl Into<String>,
        expect: Expect,
        change: impl Fn(TokenBuilder, &Scene<'_>) -> TokenBuilder + Send + Sync + 'static,
    ) -> Self {
        Self::request(id, about, expect, move |scene| {
            let token = change(scene.token(), scene).build();
            let proof = scene.proof(&token).build();
            scene.request(&token, &proof)
        })
    }

    /// The good request, the text of whose token is changed; the proof is for the changed one.
    pub fn token_text(
        id: &'static str,
        about: impl Into<String>,
        expect: Expect,
        change: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::request(id, about, expect, move |scene| {
            let token = change(&scene.token().build());
            let proof = scene.proof(&token).build();
            scene.request(&token, &proof)
        })
    }

    pub fn under(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    pub fn signed_with(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    pub fn parser_answers(mut self, status: u16) -> Self {
        self.parser = Some(status);
        self
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.about)
    }
}
