//! Client authentication: `private_key_jwt` (RFC 7523 §2.2), or a certificate (RFC 8705 §2).

use fapi_core::config::AfterRestart;
use fapi_core::jose::{Algorithm, AssertionRules, UnverifiedAssertion, VerifiedAssertion};
use fapi_core::{KeySet, ReplayOutcome, ReplayQuery, UnixTime};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::endpoint::Form;
use crate::error::{ClientProblem, EndpointError, RequestProblem};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a request says whose it is. Nothing of it is believed yet.
pub(crate) enum Claimed<'a> {
    Assertion(UnverifiedAssertion<'a>),
    /// A name alone: the certificate of the connection has to prove it.
    Name(&'a str),
}

impl<'a> Claimed<'a> {
    /// Finds out whose request it claims to be.
    pub(crate) fn read(headers: &HeaderMap, form: &'a Form) -> Result<Self, EndpointError> {
        let other_method =
            headers.contains_key(AUTHORIZATION) || form.get("client_secret").is_some();
        let assertion = match form.get("client_assertion") {
            // RFC 6749 §2.3: one method a request.
            Some(_) if other_method => {
                return Err(RequestProblem::SeveralClientAuthentications.into());
            }
            Some(assertion) => assertion,
            None if is_basic(headers) => return Err(ClientProblem::Basic.into()),
            None if other_method => return Err(ClientProblem::Missing.into()),
            None => {
                let name = form.get("client_id").ok_or(ClientProblem::Missing)?;
                return Ok(Self::Name(name));
            }
        };
        if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(ClientProblem::AssertionType.into());
        }
        let assertion = UnverifiedAssertion::parse(assertion).map_err(ClientProblem::Assertion)?;
        // RFC 7521 §4.2: `client_id` is not needed, but must be the assertion's if it is there.
        let client_id = assertion.claimed_client_id();
        if form
            .get("client_id")
            .is_some_and(|named| named != client_id)
        {
            return Err(ClientProblem::OtherId.into());
        }
        Ok(Self::Assertion(assertion))
    }

    /// The name that it claims.
    pub(crate) fn client_id(&self) -> &str {
        match self {
            Self::Assertion(assertion) => assertion.claimed_client_id(),
            Self::Name(name) => name,
        }
    }

    /// What is wrong if nobody has this name. Whoever only guesses names is told no more than for one that exists.
    pub(crate) const fn unknown(&self) -> ClientProblem {
        match self {
            Self::Assertion(_) => ClientProblem::Unknown,
            Self::Name(_) => ClientProblem::UnknownName,
        }
    }
}

/// Verifies an assertion with the keys of who it claims to be from, and perhaps the one algorithm registered for them.
pub(crate) fn verify(
    assertion: UnverifiedAssertion<'_>,
    keys: &KeySet,
    only: Option<Algorithm>,
    rules: &AssertionRules<'_>,
    now: UnixTime,
) -> Result<VerifiedAssertion, EndpointError> {
    if only.is_some_and(|only| only != assertion.algorithm()) {
        return Err(ClientProblem::Algorithm.into());
    }
    Ok(assertion
        .verify(keys, rules, &fapi_crypto::PROVIDER, now)
        .map_err(ClientProblem::Assertion)?)
}

/// What an assertion is remembered by.
pub(crate) fn replay_query<'a>(
    assertion: &'a VerifiedAssertion,
    issuer: &'a str,
) -> ReplayQuery<'a> {
    ReplayQuery {
        key: assertion.replay_key(),
        expires: assertion.expires(),
        issuer,
        client: assertion.client_id(),
        thumbprint: assertion.key(),
    }
}

/// Whether an assertion from before the memory begins was used then, nobody knows.
pub(crate) fn check_age(
    assertion: &VerifiedAssertion,
    since: UnixTime,
    after_restart: AfterRestart,
) -> Result<(), EndpointError> {
    let from_before = assertion.made_at().is_some_and(|made_at| made_at < since);
    match after_restart {
        AfterRestart::Challenge if from_before => Err(ClientProblem::BeforeMemory.into()),
        AfterRestart::Challenge | AfterRestart::Accept => Ok(()),
    }
}

/// What it means that the memory has said this of an assertion.
pub(crate) fn decide(outcome: ReplayOutcome) -> Result<(), EndpointError> {
    match outcome {
        ReplayOutcome::Fresh => Ok(()),
        ReplayOutcome::Seen => Err(ClientProblem::Replayed.into()),
        ReplayOutcome::Forgotten => Err(ClientProblem::BeforeMemory.into()),
        ReplayOutcome::Full => Err(EndpointError::MemoryFull),
        ReplayOutcome::OverQuota(exceeded) => Err(EndpointError::Quota(exceeded)),
    }
}

fn is_basic(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| {
        value
            .as_bytes()
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
    })
}
