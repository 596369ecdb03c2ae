//! Things that no library makes: odd texts, odd keys, odd signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};
use tower_fapi::testing::TestKey;

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// The compact form with one of its parts (0, 1 or 2) changed.
pub fn part(jws: &str, place: usize, change: impl Fn(&str) -> String) -> String {
    let mut parts: Vec<String> = jws.split('.').map(Into::into).collect();
    parts[place] = change(&parts[place]);
    parts.join(".")
}

/// A JSON object with this text put in front of its first member.
pub fn begin_with(json: &str, text: &str) -> String {
    json.replacen('{', &format!("{{{text}"), 1)
}

/// A JSON object whose member `name` has this text as its value, whether it is JSON or not.
pub fn with_text(json: &str, name: &str, text: &str) -> String {
    let mut members: Map<String, Value> = serde_json::from_str(json).expect("an object");
    members.remove(name);
    let rest = Value::Object(members).to_string();
    begin_with(&rest, &format!("\"{name}\":{text},"))
}

/// The RFC 7638 thumbprint of a key that need not be valid, if its required members are strings.
pub fn thumbprint(jwk: &Value) -> Option<String> {
    let required: &[&str] = match jwk["kty"].as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "RSA" => &["e", "kty", "n"],
        "OKP" => &["crv", "kty", "x"],
        "oct" => &["k", "kty"],
        _ => return None,
    };
    let members: Option<Vec<String>> = required
        .iter()
        .map(|name| Some(format!("\"{name}\":\"{}\"", jwk[name].as_str()?)))
        .collect();
    Some(b64(Sha256::digest(format!("{{{}}}", members?.join(",")))))
}

/// The order of the P-256 group (SEC 2 §2.4.2).
pub fn p256_order() -> BigUint {
    hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
}

/// The order of the Ed25519 group (RFC 8032 §5.1).
pub fn ed25519_order() -> BigUint {
    (BigUint::from(1_u8) << 252) + BigUint::parse_bytes(ED25519_ORDER_REST, 10).unwrap()
}

const ED25519_ORDER_REST: &[u8] = b"27742317777372353535851937790883648493";

pub fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).expect("hexadecimal")
}

/// The number in so many bytes, big-endian.
pub fn fixed(number: &BigUint, length: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; length.saturating_sub(bytes.len())], bytes].concat()
}

/// The numbers of an RSA key.
pub struct Rsa {
    pub n: BigUint,
    pub d: BigUint,
}

impl Rsa {
    pub fn of(key: &TestKey) -> Self {
        let jwk = key.private_jwk();
        let number = |name: &str| BigUint::from_bytes_be(&unb64(jwk[name].as_str().unwrap()));
        Self {
            n: number("n"),
            d: number("d"),
        }
    }

    /// Signs with PKCS #1 v1.5 and SHA-256 (RFC 8017 §8.2.1), which is RS256.
    pub fn sign_pkcs1(&self, message: &[u8]) -> Vec<u8> {
        let length = usize::try_from(self.n.bits() / 8).unwrap();
        let end = [&SHA256_DIGEST_INFO[..], &Sha256::digest(message)].concat();
        let padding = vec![0xff; length - end.len() - 3];
        let encoded = [&[0, 1], &padding[..], &[0], &end].concat();
        let signature = BigUint::from_bytes_be(&encoded).modpow(&self.d, &self.n);
        fixed(&signature, length)
    }

    /// Signs with PSS and SHA-256, with a salt of this length, and this hash in MGF1 (RFC 8017 §8.1.1).
    pub fn sign_pss(&self, message: &[u8], salt_length: usize, mask: MaskHash) -> Vec<u8> {
        let length = usize::try_from(self.n.bits() / 8).unwrap();
        let salt = vec![0x5a; salt_length];
        let zeros = [0; 8];
        let digest = Sha256::digest(message);
        let h = Sha256::digest([&zeros[..], &digest, &salt].concat());
        let padding = vec![0; length - salt_length - 32 - 2];
        let mut block = [padding, vec![1], salt].concat();
        let stream = mask.stream(&h, block.len());
        for (byte, mask) in block.iter_mut().zip(stream) {
            *byte ^= mask;
        }
        // The leftmost bit goes, for the modulus has a multiple of 8 bits (RFC 8017 §9.1.1 step 11).
        block[0] &= 0x7f;
        let encoded = [&block[..], &h, &[0xbc]].concat();
        let signature = BigUint::from_bytes_be(&encoded).modpow(&self.d, &self.n);
        fixed(&signature, length)
    }
}

/// What stands before the hash (RFC 8017 §9.2 note 1).
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// The hash of MGF1.
#[derive(Clone, Copy, Debug)]
pub enum MaskHash {
    Sha256,
    Sha512,
}

impl MaskHash {
    fn stream(self, seed: &[u8], length: usize) -> Vec<u8> {
        let mut stream = Vec::new();
        for counter in 0_u32.. {
            if stream.len() >= length {
                break;
            }
            let input = [seed, &counter.to_be_bytes()].concat();
            match self {
                Self::Sha256 => stream.extend_from_slice(&Sha256::digest(input)),
                Self::Sha512 => stream.extend_from_slice(&Sha512::digest(input)),
            }
        }
        stream.truncate(length);
        stream
    }
}

/// What a compact JWS signs.
pub fn signing_input(header: &str, claims: &str) -> Vec<u8> {
    format!("{}.{}", b64(header), b64(claims)).into_bytes()
}
