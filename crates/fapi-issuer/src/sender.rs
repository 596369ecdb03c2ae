//! The sender constraint: which key a token will be bound to.

use fapi_core::config::DpopConfig;
use fapi_core::denial::{Denial, ProofError};
use fapi_core::dpop::{Epoch, GrantProof, NonceKeys, Origin, ProofVerifier, TargetUri};
use fapi_core::jose::AlgorithmSet;
use fapi_core::{FieldLines, ReplayAnswer, ReplayQuery, UnixTime};
use http::{HeaderMap, HeaderValue};

use crate::uri::IssuerUri;

/// Checks DPoP proofs.
#[derive(Debug)]
pub(crate) struct SenderCheck {
    verifier: ProofVerifier,
}

/// An endpoint that takes proofs. Its addresses come from the configuration, never from the request.
#[derive(Debug)]
pub(crate) struct Endpoint {
    origins: Vec<Origin>,
    path: String,
    address: String,
}

impl Endpoint {
    /// The endpoint called `name`, which perhaps has an alias at another origin (RFC 8705 §5).
    pub(crate) fn new(uri: &IssuerUri, alias: Option<&Origin>, name: &str) -> Self {
        Self {
            origins: std::iter::once(uri.origin())
                .chain(alias)
                .cloned()
                .collect(),
            path: uri.endpoint_path(name),
            address: uri.endpoint(name),
        }
    }

    /// What a proof to this endpoint is remembered by: the same at each address.
    pub(crate) fn replay_query<'a>(
        &self,
        proof: &'a GrantProof,
        issuer: &'a str,
        client: &'a str,
    ) -> ReplayQuery<'a> {
        ReplayQuery {
            key: proof.replay_key(issuer, &self.address),
            expires: proof.remember_until(),
            issuer,
            client,
            thumbprint: proof.thumbprint(),
        }
    }
}

impl SenderCheck {
    pub(crate) fn new(config: &DpopConfig, nonces: NonceKeys) -> Self {
        Self {
            verifier: ProofVerifier::new(config, &fapi_crypto::PROVIDER, nonces),
        }
    }

    /// Verifies the proof of a POST request, its nonce included (RFC 9449 §5, §8).
    pub(crate) fn verify(
        &self,
        headers: &HeaderMap,
        endpoint: &Endpoint,
        epoch: &Epoch,
        now: UnixTime,
    ) -> Result<GrantProof, Denial> {
        let lines: FieldLines<'_> = headers
            .get_all("dpop")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let mut verdict = Err(Denial::Proof(ProofError::Missing));
        for origin in &endpoint.origins {
            let target = TargetUri::new(origin, "", &endpoint.path);
            verdict = self.verifier.verify(&lines, "POST", target, epoch, now);
            // The next address may be the one that the proof names.
            if !matches!(verdict, Err(Denial::Proof(ProofError::Target))) {
                break;
            }
        }
        verdict
    }

    /// What the memory's answer means for a proof.
    pub(crate) fn decide(
        &self,
        proof: &GrantProof,
        answer: &ReplayAnswer,
        now: UnixTime,
    ) -> Result<(), Denial> {
        self.verifier.decide(proof, answer, now)
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
