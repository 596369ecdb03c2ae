//! The module `dpop-negative-tests`: what the resource server refuses.

use fapi_tests::suite::{Access, Jwt, Nonces, Party, RESOURCE, Run, Tokens, Variants};

const REFUSED: [u16; 2] = [400, 401];

#[tokio::test]
async fn dpop_negative_tests() {
    Variants::all()
        .dpop()
        .each(async |run: Run| {
            let party = run.first();
            let tokens = party.tokens().await;
            wrong_proofs(&party, &run.second(), &tokens).await;
            odd_but_right_proofs(&party, &tokens).await;
            party.access(&tokens).succeeds().await;
        })
        .await;
}

async fn wrong_proofs(party: &Party, other: &Party, tokens: &Tokens) {
    let access = || party.access(tokens);
    let refused = async |access: Access<'_>| access.fails(&REFUSED).await;
    refused(access().second_proof()).await;
    refused(access().proof_text("not-a-JWT")).await;
    for member in ["typ", "alg", "jwk"] {
        refused(access().proof(|proof| proof.header(member, ()))).await;
    }
    for claim in ["jti", "htm", "htu", "iat", "ath"] {
        refused(access().proof(|proof| proof.claim(claim, ()))).await;
    }
    refused(access().proof(|proof| proof.header("typ", "jwt"))).await;
    refused(access().proof(Jwt::rs256)).await;
    refused(access().proof(Jwt::unsigned)).await;
    refused(access().proof(Jwt::corrupt)).await;
    let private = party.dpop_key.private_jwk();
    refused(access().proof(|proof| proof.header("jwk", private))).await;
    refused(access().proof(|proof| proof.claim("htm", "PUT"))).await;
    refused(access().proof(|proof| proof.claim("htu", "https://other.example.com/"))).await;
    refused(access().proof(|proof| proof.moved(&["iat"], 3600))).await;
    refused(access().proof(|proof| proof.moved(&["iat"], -3600))).await;
    refused(access().proof(|proof| proof.claim("ath", "A".repeat(43)))).await;
    refused(access().proof(|proof| {
        let jwk = other.dpop_key.public_jwk();
        let proof = proof.signed_by(&other.dpop_key).header("jwk", jwk);
        proof.header("alg", other.dpop_key.algorithm().name())
    }))
    .await;
    refused(access().without_proof()).await;
    refused(access().without_proof().scheme("Bearer")).await;
}

async fn odd_but_right_proofs(party: &Party, tokens: &Tokens) {
    let access = || party.access(tokens);
    let url = format!("{RESOURCE}/accounts");
    for htu in [
        format!("{url}?page=1#fragment"),
        "HTTPS://RS.EXAMPLE.COM/accounts".to_owned(),
        "https://rs.example.com:443/accounts".to_owned(),
    ] {
        access()
            .proof(|proof| proof.claim("htu", htu))
            .succeeds()
            .await;
    }
    access().url(&format!("{url}?page=1")).succeeds().await;
    let odd = |proof: Jwt| proof.header("x", 1).claim("x", [1]);
    access().proof(odd).succeeds().await;

    let once = access();
    once.clone().succeeds().await;
    once.fails(&REFUSED).await;

    assert_eq!(access().status_with_proof_header("DPOP").await, 200);
}

/// A nonce says when the proof was made, whatever its `iat` (RFC 9449 §8).
#[tokio::test]
async fn dpop_negative_tests_with_nonces() {
    Variants::all()
        .dpop()
        .each_at(Nonces::Required, async |run| {
            let party = run.first();
            let tokens = party.tokens().await;
            party.access(&tokens).succeeds().await;
            for offset in [3600, -3600] {
                let access = party.access(&tokens);
                access
                    .proof(|proof| proof.moved(&["iat"], offset))
                    .succeeds()
                    .await;
            }
        })
        .await;
}
