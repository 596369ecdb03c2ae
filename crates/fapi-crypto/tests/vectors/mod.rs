//! The vectors of Wycheproof, for the `PROVIDER` of whoever includes this.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use super::PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pss_verify as pss};

/// How many vectors were run, so that an empty corpus cannot pass.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    valid: usize,
    invalid: usize,
}

impl Count {
    fn add(&mut self, result: TestResult) {
        match result {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => panic!("no vector of these sets is left to taste"),
        }
    }
}

fn verifies(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &[u8]) -> bool {
    let verifier = (PROVIDER.verifier_factory)(&algorithm, key).expect("a key of the right form");
    verifier.verify(message, &signature.to_vec()).is_ok()
}

/// Runs a set as ES256; `expected` tells the verdict to reach from the one in the vector.
fn run_ecdsa(set: ecdsa::TestName, expected: fn(TestResult) -> bool) -> Count {
    let mut count = Count::default();
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        let key = DecodingKey::from_ec_der(&group.key.key);
        for test in group.tests {
            let verdict = verifies(Algorithm::ES256, &key, &test.msg, &test.sig);
            assert_eq!(
                verdict,
                expected(test.result),
                "{set:?} {}: {}",
                test.tc_id,
                test.comment
            );
            count.add(test.result);
        }
    }
    count
}

fn run_pss(set: pss::TestName, expected: fn(&pss::TestGroup, &pss::Test) -> bool) -> Count {
    let mut count = Count::default();
    for group in pss::TestSet::load(set).unwrap().test_groups {
        let n = without_leading_zeros(&group.key.n);
        let e = without_leading_zeros(&group.key.e);
        let key = DecodingKey::from_rsa_raw_components(n, e);
        for test in &group.tests {
            let verdict = verifies(Algorithm::PS256, &key, &test.msg, &test.sig);
            assert_eq!(
                verdict,
                expected(&group, test),
                "{set:?} {}: {}",
                test.tc_id,
                test.comment
            );
            count.add(test.result);
        }
    }
    count
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

fn as_in_the_vector(result: TestResult) -> bool {
    result == TestResult::Valid
}

#[test]
fn es256_agrees_with_every_vector() {
    let count = run_ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, as_in_the_vector);
    assert_eq!(
        count,
        Count {
            valid: 173,
            invalid: 89
        }
    );
}

#[test]
fn es256_refuses_signatures_over_sha_512() {
    let count = run_ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha512P1363, |_| false);
    assert_eq!(
        count,
        Count {
            valid: 242,
            invalid: 90
        }
    );
}

#[test]
fn es256_refuses_signatures_in_der() {
    let count = run_ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256, |_| false);
    assert_eq!(
        count,
        Count {
            valid: 174,
            invalid: 310
        }
    );
}

#[test]
fn eddsa_agrees_with_every_vector() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519)
        .unwrap()
        .test_groups
    {
        let key = DecodingKey::from_ed_der(&group.key.pk);
        for test in group.tests {
            let verdict = verifies(Algorithm::EdDSA, &key, &test.msg, &test.sig);
            assert_eq!(
                verdict,
                as_in_the_vector(test.result),
                "{}: {}",
                test.tc_id,
                test.comment
            );
            count.add(test.result);
        }
    }
    assert_eq!(
        count,
        Count {
            valid: 88,
            invalid: 63
        }
    );
}

#[test]
fn ps256_agrees_with_every_vector_of_2048_3072_and_4096_bits() {
    for set in [
        pss::TestName::RsaPss2048Sha256Mgf1SaltLen32,
        pss::TestName::RsaPss3072Sha256Mgf1SaltLen32,
        pss::TestName::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        let count = run_pss(set, |_, test| as_in_the_vector(test.result));
        assert_eq!(
            count,
            Count {
                valid: 63,
                invalid: 45
            }
        );
    }
}

#[test]
fn ps256_refuses_an_empty_salt() {
    // One vector is invalid in its own set because its salt has 32 bytes: it is good as PS256.
    let count = run_pss(pss::TestName::RsaPss2048Sha256Mgf1SaltLen0, |_, test| {
        test.result == TestResult::Invalid && test.comment == "s_len changed to 32"
    });
    assert_eq!(
        count,
        Count {
            valid: 61,
            invalid: 42
        }
    );
}

#[test]
fn ps256_refuses_mgf1_with_sha_1() {
    let count = run_pss(pss::TestName::RsaPss2048Sha256Mgf1Sha1_20, |_, _| false);
    assert_eq!(
        count,
        Count {
            valid: 63,
            invalid: 45
        }
    );
}

/// One signature for each pair of hashes and each length of salt: only one of them is PS256.
#[test]
fn ps256_takes_one_set_of_parameters() {
    let mut accepted = 0;
    let count = run_pss(pss::TestName::RsaPssmisc, |group, _| is_ps256(group));
    for group in pss::TestSet::load(pss::TestName::RsaPssmisc)
        .unwrap()
        .test_groups
    {
        accepted += usize::from(is_ps256(&group));
    }
    assert_eq!(accepted, 1);
    assert_eq!(
        count,
        Count {
            valid: 150,
            invalid: 0
        }
    );
}

fn is_ps256(group: &pss::TestGroup) -> bool {
    group.hash == wycheproof::HashFunction::Sha2_256
        && group.mgf_hash == Some(wycheproof::HashFunction::Sha2_256)
        && group.salt_size == 32
}
