//! Group B: how many `DPoP` headers there are, and what stands in them.

use crate::case::Case;
use crate::case::Expect::{Accepted, InvalidProof};
use crate::forge::b64;
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        good("B01", "no proof", |r| r.without("DPoP")),
        good("B02", "the same proof twice", |r| {
            let proof = r.lines("DPoP").next().unwrap().to_vec();
            r.header("DPoP", proof)
        }),
        good("B02", "another proof first", |r| {
            let proof = r.lines("DPoP").next().unwrap().to_vec();
            r.with("DPoP", "e30.e30.e30").header("dpop", proof)
        }),
        Case::proof_text("B05", "empty", InvalidProof, |_| Vec::new()),
        Case::proof_text("B08", "in quotes", InvalidProof, |p| {
            format!("\"{p}\"").into()
        }),
        Case::proof_text("B11", "four parts", InvalidProof, |p| {
            format!("{p}.AA").into()
        }),
        Case::proof_text("B11", "five parts", InvalidProof, |p| {
            format!("{p}.AA.AA").into()
        }),
        Case::proof_text("B11", "two parts", InvalidProof, |p| {
            p.rsplit_once('.').unwrap().0.into()
        }),
        Case::proof_text("B12", "no header", InvalidProof, |p| {
            format!(".{}", p.split_once('.').unwrap().1).into()
        }),
        Case::proof_text("B12", "no payload", InvalidProof, |p| {
            let parts: Vec<&str> = p.split('.').collect();
            format!("{}..{}", parts[0], parts[2]).into()
        }),
        Case::proof_text("B12", "no signature", InvalidProof, |p| {
            format!("{}.", p.rsplit_once('.').unwrap().0).into()
        }),
        Case::proof_text("B13", "ten thousand dots", InvalidProof, |_| {
            vec![b'.'; 10_000]
        }),
        Case::proof_text(
            "B13",
            "eight thousand dots, within the cap",
            InvalidProof,
            |_| vec![b'.'; 8_000],
        ),
        Case::proof_text("B14", "JSON, flattened", InvalidProof, |p| {
            flattened(p).into()
        }),
        Case::proof_text("B14", "JSON, general", InvalidProof, |p| general(p).into()),
        Case::proof_text("B14", "base64url of JSON, flattened", InvalidProof, |p| {
            b64(flattened(p)).into()
        }),
        Case::proof_text("B14", "base64url of JSON, general", InvalidProof, |p| {
            b64(general(p)).into()
        }),
        Case::proof_text("B15", "JSON with two dots", InvalidProof, |p| {
            let parts: Vec<&str> = p.split('.').collect();
            format!("{{\"x\":\"{}.{}.{}\"}}", parts[0], parts[1], parts[2]).into()
        }),
        Case::proof("B16", "one byte over 8 KiB", InvalidProof, |p, _| {
            filled(p, 8193)
        }),
        Case::proof(
            "B16",
            "the largest proof of up to 8 KiB",
            Accepted,
            |p, _| filled(p, 8192),
        ),
        Case::proof_text("B19", "Arabic digit", InvalidProof, |p| {
            format!("{p}٣").into()
        }),
        Case::proof_text("B19", "full-width letter", InvalidProof, |p| {
            p.replacen('e', "ｅ", 1).into()
        }),
        Case::proof_text("B19", "Cyrillic letter", InvalidProof, |p| {
            p.replacen('e', "е", 1).into()
        }),
        Case::request(
            "B21",
            "a proof for the token endpoint",
            InvalidProof,
            |scene| {
                let token = scene.token().build();
                let url = "https://as.example.com/token";
                let proof = scene.client().proof("POST", url, scene.now());
                let proof = proof.jti(scene.jti.as_str());
                scene.request(&token, &proof.build())
            },
        ),
        Case::request(
            "B21",
            "no token hash, all else fitting",
            InvalidProof,
            |scene| {
                let token = scene.token().build();
                let proof = scene.proof(&token).without_claim("ath");
                scene.request(&token, &proof.build())
            },
        ),
        Case::request("B23", "in the trailers", InvalidProof, |scene| {
            let token = scene.token().build();
            let proof = scene.proof_for("POST", "/accounts", &token).build();
            WireRequest::new("POST", "/accounts")
                .header("Authorization", format!("DPoP {token}"))
                .header("Transfer-Encoding", "chunked")
                .header("Trailer", "DPoP")
                .body(format!("1\r\nx\r\n0\r\nDPoP: {proof}\r\n\r\n"))
        }),
    ];
    cases.push(Case::proof_text(
        "B19",
        "bytes that are no UTF-8",
        InvalidProof,
        |p| [p.as_bytes(), b"\xff"].concat(),
    ));
    cases
}

fn good(
    id: &'static str,
    about: &str,
    change: impl Fn(WireRequest) -> WireRequest + Send + Sync + 'static,
) -> Case {
    Case::request(id, about, InvalidProof, move |scene| change(scene.good()))
}

fn flattened(proof: &str) -> String {
    let parts: Vec<&str> = proof.split('.').collect();
    format!(
        "{{\"protected\":\"{}\",\"payload\":\"{}\",\"signature\":\"{}\"}}",
        parts[0], parts[1], parts[2]
    )
}

fn general(proof: &str) -> String {
    let parts: Vec<&str> = proof.split('.').collect();
    format!(
        "{{\"payload\":\"{}\",\"signatures\":[{{\"protected\":\"{}\",\"signature\":\"{}\"}}]}}",
        parts[1], parts[0], parts[2]
    )
}

/// The proof with a claim so long that the whole has `length` bytes, or up to two fewer where base64url has no such
/// length; beyond the cap, at least `length`.
fn filled(
    proof: tower_fapi::testing::ProofBuilder,
    length: usize,
) -> tower_fapi::testing::ProofBuilder {
    let base = |bytes: usize| (bytes * 4).div_ceil(3);
    let fixed = base(proof.header_json().len()) + 2 + base(64);
    let claims = proof.claims_json().len() + "\"f\":\"\",".len();
    let filling = (length - fixed) * 3 / 4 - claims;
    let over = usize::from(length > 8192);
    proof.claim("f", "x".repeat(filling + over))
}
