//! Proofs at an authorization server's endpoints, where there is no access token yet (RFC 9449 §5, §10.1).

use jsonwebtoken::crypto::CryptoProvider;

use super::proof::{Expected, NonceRule, ProofBuffers, ProofRules, check_claims, only_proof};
use super::{Epoch, Nonce, NonceKeys, ReplayKey, TargetUri};
use crate::UnixTime;
use crate::config::DpopConfig;
use crate::denial::Denial;
use crate::jose::Thumbprint;
use crate::request::FieldLines;

/// Verifies the proofs that token and PAR endpoints receive, by the same code as a resource server's.
#[derive(Debug)]
pub struct ProofVerifier {
    rules: ProofRules,
    provider: &'static CryptoProvider,
    nonces: NonceKeys,
}

/// A verified proof of possession of a key, for a grant. The caller still has to look whether it was used before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantProof {
    thumbprint: Thumbprint,
    jti: Box<str>,
    remember_until: UnixTime,
    renewal: Option<Nonce>,
}

impl ProofVerifier {
    /// A verifier under the `dpop` part of a configuration; its `replay` and `required` parts play no role here.
    #[must_use]
    pub fn new(config: &DpopConfig, provider: &'static CryptoProvider, nonces: NonceKeys) -> Self {
        Self {
            rules: ProofRules::new(config),
            provider,
            nonces,
        }
    }

    /// Checks the `DPoP` header of a request to `target` (RFC 9449 §4.3 checks 1 to 11; an `ath` is ignored).
    ///
    /// # Errors
    ///
    /// [`Denial::Proof`] (`invalid_dpop_proof`) or [`Denial::Nonce`] (`use_dpop_nonce`), nothing else.
    pub fn verify(
        &self,
        proof: &FieldLines<'_>,
        method: &str,
        target: TargetUri<'_>,
        epoch: &Epoch,
        now: UnixTime,
    ) -> Result<GrantProof, Denial> {
        let proof = only_proof(proof).map_err(Denial::Proof)?;
        let expected = Expected {
            method,
            target,
            token: None,
        };
        let mut buffers = ProofBuffers::new();
        let proof = check_claims(
            proof,
            &mut buffers,
            &expected,
            &self.rules,
            &self.nonces,
            Some(epoch),
            now,
        )?
        .verify(self.provider)
        .map_err(Denial::Proof)?;
        let renew = match self.rules.nonces {
            NonceRule::Required => true,
            NonceRule::Optional => proof.freshness.wants_renewal(&self.rules, now),
        };
        Ok(GrantProof {
            thumbprint: proof.thumbprint,
            jti: proof.jti.into(),
            remember_until: proof.freshness.remember_until(&self.rules),
            renewal: renew.then(|| self.nonces.mint(&proof.thumbprint, epoch, now)),
        })
    }
}

impl GrantProof {
    /// The thumbprint of the key, for `cnf.jkt` (RFC 9449 §6.1).
    #[must_use]
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// The proof's key in a replay store, for the endpoint with this URL at this issuer.
    #[must_use]
    pub fn replay_key(&self, issuer: &str, endpoint: &str) -> ReplayKey {
        ReplayKey::new(endpoint, issuer, &self.thumbprint, &self.jti)
    }

    /// Until when a replay store must remember the proof.
    #[must_use]
    pub const fn remember_until(&self) -> UnixTime {
        self.remember_until
    }

    /// A nonce to send with the response (RFC 9449 §8.2).
    #[must_use]
    pub const fn nonce(&self) -> Option<&Nonce> {
        self.renewal.as_ref()
    }
}
