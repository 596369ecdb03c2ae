//! For tests of signed JWTs: a stand-in for the signature, which is verified for real elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use signature::Verifier;

use crate::KeySet;

/// Accepts a signature of 64 ones.
pub(crate) static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| unreachable!(),
    verifier_factory: |algorithm, _| Ok(Box::new(Ones(*algorithm))),
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| unreachable!(),
        rsa_pub_components_from_public_key: |_| unreachable!(),
        ec_pub_components_from_private_key: |_, _| unreachable!(),
        ed_pub_components_from_private_key: |_, _| unreachable!(),
        compute_digest: |_, _| unreachable!(),
    },
};

struct Ones(jsonwebtoken::Algorithm);

impl Verifier<Vec<u8>> for Ones {
    fn verify(&self, _: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        if *signature == [1; 64] {
            Ok(())
        } else {
            Err(signature::Error::new())
        }
    }
}

impl JwtVerifier for Ones {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.0
    }
}

/// The key of RFC 7515 appendix A.3.
pub(crate) fn keys() -> KeySet {
    KeySet::from_json(
        br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k",
          "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    )
    .unwrap()
}

pub(crate) fn jws(header: &str, payload: &str, signature: &[u8]) -> String {
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let (header, payload) = (encode(header.as_bytes()), encode(payload.as_bytes()));
    format!("{header}.{payload}.{}", encode(signature))
}

/// The JSON object of these members, but for `changed` ones; `None` leaves one out.
pub(crate) fn claims(right: &[(&str, &str)], changed: &[(&str, Option<&str>)]) -> String {
    let kept = right
        .iter()
        .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name))
        .copied();
    let new = changed
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)));
    let members: Vec<_> = kept
        .chain(new)
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    format!("{{{}}}", members.join(","))
}
