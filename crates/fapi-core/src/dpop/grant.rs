//! Proofs at an authorization server's endpoints, where there is no access token yet (RFC 9449 §5, §10.1).

use jsonwebtoken::crypto::CryptoProvider;

use super::proof::{
    Expected, Freshness, NonceRule, ProofBuffers, ProofRules, check_claims, only_proof,
};
use super::{Epoch, Nonce, NonceKeys, ReplayKey, TargetUri};
use crate::UnixTime;
use crate::config::DpopConfig;
use crate::denial::{Denial, Dependency, NonceProblem, ProofError, Unavailable};
use crate::jose::{AlgorithmSet, Thumbprint};
use crate::request::FieldLines;
use crate::step::{ReplayAnswer, ReplayOutcome};

/// Verifies the proofs that token and PAR endpoints receive, by the same code as a resource server's.
#[derive(Debug)]
pub struct ProofVerifier {
    rules: ProofRules,
    provider: &'static CryptoProvider,
    nonces: NonceKeys,
}

/// A verified proof of possession of a key, for a grant. The caller still has to ask a replay memory about it, and
/// [`ProofVerifier::decide`] what the answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantProof {
    thumbprint: Thumbprint,
    jti: Box<str>,
    freshness: Freshness,
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
            freshness: proof.freshness,
            remember_until: proof.freshness.remember_until(&self.rules),
            renewal: renew.then(|| self.nonces.mint(&proof.thumbprint, epoch, now)),
        })
    }

    /// Decides about a proof, once a replay memory has answered: only a fresh proof, still in time for the memory's
    /// epoch, lets the request go on.
    ///
    /// # Errors
    ///
    /// [`Denial::Proof`] for a replay, [`Denial::Nonce`] where the memory cannot tell, [`Denial::Quota`] and
    /// [`Denial::Unavailable`] where there is no room.
    pub fn decide(
        &self,
        proof: &GrantProof,
        answer: &ReplayAnswer,
        now: UnixTime,
    ) -> Result<(), Denial> {
        let nonce = || self.nonces.mint(&proof.thumbprint, &answer.epoch, now);
        match answer.outcome {
            // The memory may have been lost since its epoch was last seen.
            ReplayOutcome::Fresh => proof
                .freshness
                .check_answer(&self.rules, &answer.epoch, now)
                .map_err(|staleness| staleness.into_denial(nonce)),
            ReplayOutcome::Seen => Err(Denial::Proof(ProofError::Replayed)),
            ReplayOutcome::Full => Err(Denial::Unavailable(
                Dependency::ReplayCapacity,
                Unavailable::retry_after_seconds(1),
            )),
            ReplayOutcome::Forgotten => Err(Denial::Nonce {
                problem: NonceProblem::Forgotten,
                fresh: nonce(),
            }),
            ReplayOutcome::OverQuota(exceeded) => Err(Denial::Quota(exceeded)),
        }
    }

    /// The algorithms that proofs may have, to advertise as `dpop_signing_alg_values_supported` (RFC 9449 §5.1).
    #[must_use]
    pub const fn algorithms(&self) -> AlgorithmSet {
        self.rules.algorithms
    }

    /// Seconds for which a memory must remember an accepted proof, at most.
    #[must_use]
    pub fn replay_lifetime_seconds(&self) -> i64 {
        self.rules.replay_lifetime()
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

#[cfg(test)]
mod tests {
    use jsonwebtoken::crypto::KeyUtils;

    use super::*;
    use crate::dpop::QuotaExceeded;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    static NO_PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| unreachable!(),
        verifier_factory: |_, _| unreachable!(),
        key_utils: KeyUtils {
            rsa_pub_components_from_private_key: |_| unreachable!(),
            rsa_pub_components_from_public_key: |_| unreachable!(),
            ec_pub_components_from_private_key: |_, _| unreachable!(),
            ed_pub_components_from_private_key: |_, _| unreachable!(),
            compute_digest: |_, _| unreachable!(),
        },
    };

    #[test]
    fn only_a_fresh_proof_in_time_goes_on() {
        let nonces = NonceKeys::new(&[1; 32], []).unwrap();
        let verifier = ProofVerifier::new(&DpopConfig::default(), &NO_PROVIDER, nonces);
        let proof = GrantProof {
            thumbprint: Thumbprint::from_bytes([7; 32]),
            jti: "j".into(),
            freshness: Freshness::IssuedAt(NOW),
            remember_until: NOW.plus(70),
            renewal: None,
        };
        let decide = |outcome, since: UnixTime, now: UnixTime| {
            let epoch = Epoch::new(1, since);
            verifier
                .decide(&proof, &ReplayAnswer { outcome, epoch }, now)
                .map_err(|denial| denial.reason().code())
        };
        use ReplayOutcome::*;
        assert_eq!(decide(Fresh, NOW, NOW), Ok(()));
        for (outcome, since, now, reason) in [
            (Seen, NOW, NOW, "proof_replayed"),
            (Full, NOW, NOW, "replay_store_full"),
            (Forgotten, NOW, NOW, "proof_forgotten"),
            (OverQuota(QuotaExceeded::Client), NOW, NOW, "quota_client"),
            (Fresh, NOW.plus(1), NOW.plus(1), "proof_before_epoch"),
            (Fresh, NOW, NOW.plus(61), "proof_too_old"),
        ] {
            assert_eq!(decide(outcome, since, now), Err(reason));
        }
        assert_eq!(verifier.replay_lifetime_seconds(), 140);
    }
}
