//! Client authentication by `private_key_jwt` (RFC 7523 §2.2), the only method.

use fapi_core::config::AfterRestart;
use fapi_core::jose::{AssertionRules, UnverifiedAssertion, VerifiedAssertion};
use fapi_core::{KeySet, ReplayOutcome, ReplayQuery, UnixTime};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::endpoint::Form;
use crate::error::{ClientProblem, EndpointError, RequestProblem};
use crate::replay::ReplayMemory;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client, or a resource server, that signed an assertion for us. [`record`] still has to see that the assertion was
/// not used before.
#[derive(Debug)]
pub(crate) struct Authenticated<'a, T> {
    pub(crate) who: &'a T,
    assertion: VerifiedAssertion,
}

/// Finds who sent a request from its assertion, among those that `registered` knows, and verifies that.
pub(crate) fn authenticate<'a, T: AsRef<KeySet>>(
    registered: impl FnOnce(&str) -> Option<&'a T>,
    rules: &AssertionRules<'_>,
    headers: &HeaderMap,
    form: &Form,
    now: UnixTime,
) -> Result<Authenticated<'a, T>, EndpointError> {
    let other_method = headers.contains_key(AUTHORIZATION) || form.get("client_secret").is_some();
    let assertion = match form.get("client_assertion") {
        // RFC 6749 §2.3: one method a request.
        Some(_) if other_method => return Err(RequestProblem::SeveralClientAuthentications.into()),
        Some(assertion) => assertion,
        None if is_basic(headers) => return Err(ClientProblem::Basic.into()),
        None => return Err(ClientProblem::Missing.into()),
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
    let who = registered(client_id).ok_or(ClientProblem::Unknown)?;
    let assertion = assertion
        .verify(who.as_ref(), rules, &fapi_crypto::PROVIDER, now)
        .map_err(ClientProblem::Assertion)?;
    Ok(Authenticated { who, assertion })
}

/// Uses the assertion up. Called after the proof's nonce was checked: the retry that `use_dpop_nonce` asks for may bring
/// the same assertion.
pub(crate) fn record<T>(
    authenticated: &Authenticated<'_, T>,
    memory: &ReplayMemory,
    after_restart: AfterRestart,
    issuer: &str,
    now: UnixTime,
) -> Result<(), EndpointError> {
    let assertion = &authenticated.assertion;
    // Whether an assertion from before the memory begins was used then, nobody knows.
    let from_before = assertion
        .made_at()
        .is_some_and(|made_at| made_at < memory.epoch().since());
    match after_restart {
        AfterRestart::Challenge if from_before => return Err(ClientProblem::BeforeMemory.into()),
        AfterRestart::Challenge | AfterRestart::Accept => {}
    }
    let query = ReplayQuery {
        key: assertion.replay_key(),
        expires: assertion.expires(),
        issuer,
        client: assertion.client_id(),
        thumbprint: assertion.key(),
    };
    match memory.insert(query, now)?.outcome {
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
