//! The sender constraint: which key the token will be bound to.

use fapi_core::config::DpopConfig;
use fapi_core::denial::Denial;
use fapi_core::dpop::{GrantProof, NonceKeys, ProofVerifier, TargetUri};
use fapi_core::jose::AlgorithmSet;
use fapi_core::{FieldLines, ReplayQuery, UnixTime};
use http::{HeaderMap, HeaderValue};

use crate::error::EndpointError;
use crate::replay::ReplayMemory;
use crate::uri::IssuerUri;

/// Checks the DPoP proofs of one endpoint.
#[derive(Debug)]
pub(crate) struct SenderCheck {
    verifier: ProofVerifier,
    /// The endpoint's path and address, from the configuration, never from the request.
    path: String,
    address: String,
}

impl SenderCheck {
    /// For the endpoint called `name`.
    pub(crate) fn new(config: &DpopConfig, nonces: NonceKeys, uri: &IssuerUri, name: &str) -> Self {
        Self {
            verifier: ProofVerifier::new(config, &fapi_crypto::PROVIDER, nonces),
            path: uri.endpoint_path(name),
            address: uri.endpoint(name),
        }
    }

    /// Verifies the proof of a POST request, its nonce included (RFC 9449 §5, §8).
    pub(crate) fn verify(
        &self,
        headers: &HeaderMap,
        uri: &IssuerUri,
        memory: &ReplayMemory,
        now: UnixTime,
    ) -> Result<GrantProof, Denial> {
        let lines: FieldLines<'_> = headers
            .get_all("dpop")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let target = TargetUri::new(uri.origin(), "", &self.path);
        self.verifier
            .verify(&lines, "POST", target, &memory.epoch(), now)
    }

    /// Uses the proof up.
    pub(crate) fn record(
        &self,
        proof: &GrantProof,
        memory: &ReplayMemory,
        issuer: &str,
        client: &str,
        now: UnixTime,
    ) -> Result<(), EndpointError> {
        let query = ReplayQuery {
            key: proof.replay_key(issuer, &self.address),
            expires: proof.remember_until(),
            issuer,
            client,
            thumbprint: proof.thumbprint(),
        };
        let answer = memory.insert(query, now)?;
        Ok(self.verifier.decide(proof, &answer, now)?)
    }

    /// The algorithms that proofs may have.
    pub(crate) const fn algorithms(&self) -> AlgorithmSet {
        self.verifier.algorithms()
    }

    /// Seconds for which a memory must remember a proof, at most.
    pub(crate) fn replay_lifetime_seconds(&self) -> i64 {
        self.verifier.replay_lifetime_seconds()
    }
}
