//! The issuer's public keys, and signatures checked with them by another library than the one that made them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::{Map, Value};

use crate::forge::unb64;

/// A key set that was published.
pub struct PublicKeys(Vec<Value>);

/// A JWT whose signature is right.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
}

impl PublicKeys {
    /// Reads a key set, which must have none but good public keys.
    pub fn of(document: &Map<String, Value>) -> Self {
        let keys = document["keys"].as_array().expect("an array");
        assert!(!keys.is_empty());
        let mut kids = Vec::new();
        for key in keys {
            for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5u"] {
                assert!(key.get(member).is_none(), "{member} in {key}");
            }
            let kid = key["kid"].as_str().expect("a kid");
            assert!(!kids.contains(&kid), "{kid} twice");
            kids.push(kid);
            match key["kty"].as_str() {
                Some("RSA") => assert!(unb64(key["n"].as_str().unwrap()).len() * 8 >= 2048),
                Some("EC") => assert_eq!(key["crv"], "P-256"),
                Some("OKP") => assert_eq!(key["crv"], "Ed25519"),
                _ => panic!("{key}"),
            }
        }
        Self(keys.clone())
    }

    /// Checks a JWT by the key that its header names.
    pub(super) fn verify(&self, jwt: &str) -> Verified {
        let parts: Vec<_> = jwt.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("no JWT: {jwt}");
        };
        let input = &jwt.as_bytes()[..jwt.len() - signature.len() - 1];
        let verified = Verified {
            header: object(header),
            claims: object(claims),
        };
        let kid = verified.header.get("kid").expect("a kid");
        let key = self.0.iter().find(|key| key["kid"] == *kid);
        let key = key.expect("a key of the issuer's");
        let alg = verified.header["alg"].as_str().expect("an alg");
        if let Some(only) = key.get("alg") {
            assert_eq!(only, alg);
        }
        let member = |name: &str| unb64(key[name].as_str().unwrap());
        let signature = unb64(signature);
        match alg {
            "PS256" => {
                let (n, e) = (member("n"), member("e"));
                let key = RsaPublicKeyComponents { n: &n, e: &e };
                key.verify(&RSA_PSS_2048_8192_SHA256, input, &signature)
            }
            "ES256" => {
                let point = [vec![4], member("x"), member("y")].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(input, &signature)
            }
            "EdDSA" | "Ed25519" => {
                UnparsedPublicKey::new(&ED25519, member("x")).verify(input, &signature)
            }
            _ => panic!("{alg} is not allowed"),
        }
        .unwrap_or_else(|_| panic!("a wrong signature: {jwt}"));
        verified
    }
}

fn object(part: &str) -> Map<String, Value> {
    serde_json::from_slice(&unb64(part)).expect("a JSON object")
}
