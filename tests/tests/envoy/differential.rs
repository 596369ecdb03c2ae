//! R34: requests that nobody thought of, through the core and through Envoy.

use std::iter;

use fapi_tests::host::{CoreHost, EnvoyDoor, EnvoyHost, Host as _};
use fapi_tests::profile::Profile;
use fapi_tests::random::Random;
use fapi_tests::scene::Scene;
use fapi_tests::wire::{Answer, WireRequest};
use serde_json::json;
use tower_fapi::testing::{Algorithm, ProofBuilder, TestClock, TokenBuilder, now};

/// How many requests a profile gets.
const REQUESTS: u64 = 1_500;

/// How often a request is made anew whose second has passed.
const ATTEMPTS: u64 = 5;

#[test]
fn core_and_envoy_judge_changed_requests_alike() {
    let profiles = [Profile::Default, Profile::Rules];
    let door = EnvoyDoor::open(&profiles);
    let (mut accepted, mut refused) = (0, 0);
    for profile in profiles {
        let (mut core, mut envoy) = (CoreHost::new(profile), door.host(profile));
        for number in 0..REQUESTS {
            let counted = match compare(profile, number, &mut core, &mut envoy) {
                Verdict::Accepted => &mut accepted,
                Verdict::Refused => &mut refused,
            };
            *counted += 1;
        }
    }
    println!("{accepted} changed requests accepted, {refused} refused");
    // Changes that nobody notices, or that everybody does, would prove nothing.
    assert!(accepted > REQUESTS / 10 && refused > REQUESTS / 10);
}

enum Verdict {
    Accepted,
    Refused,
}

fn compare(
    profile: Profile,
    number: u64,
    core: &mut CoreHost,
    envoy: &mut EnvoyHost<'_>,
) -> Verdict {
    for attempt in 1.. {
        let time = now();
        core.clock().expect("a clock of ours").set(time);
        let mut dice = Random::new(number * ATTEMPTS + attempt);
        let jti = format!("random-{number}-{attempt}");
        let clock = TestClock::at(time);
        let scene = Scene::new(profile, Algorithm::Es256, clock, jti, envoy);
        let request = changed(&scene, &mut dice);
        let (of_core, of_envoy) = (core.send(&merged(&request)), envoy.send(&request));
        let accepted = of_envoy.upstream.is_some();
        let [wanted, found] = [&of_core, &of_envoy].map(essence);
        if wanted == found && of_core.upstream == of_envoy.upstream {
            return if accepted {
                Verdict::Accepted
            } else {
                Verdict::Refused
            };
        }
        assert!(
            now() != time && attempt < ATTEMPTS,
            "{profile:?}, {number}, attempt {attempt}:\n{}\n{of_core:?}\n{of_envoy:?}",
            String::from_utf8_lossy(&request.to_bytes())
        );
    }
    unreachable!("the last attempt decides")
}

/// The request as Envoy hands it over: of several `Authorization` lines it makes one.
fn merged(request: &WireRequest) -> WireRequest {
    let lines: Vec<&[u8]> = request.lines("Authorization").collect();
    match lines[..] {
        [_, _, ..] => request.clone().with("Authorization", lines.join(&b","[..])),
        _ => request.clone(),
    }
}

/// Status, gRPC code, error codes, number of nonces.
fn essence(answer: &Answer) -> (u16, Option<u8>, Vec<Option<&str>>, usize) {
    let code = |challenge: &&str| -> Option<usize> { challenge.find("error=\"") };
    let codes = answer.challenges().into_iter().map(|challenge| {
        let start = code(&challenge)?;
        challenge.get(start..)?.split('"').nth(1)
    });
    let codes = codes.collect();
    // To what is public the upstream's nonce comes through, and the core has no upstream.
    let public = answer
        .upstream
        .as_ref()
        .is_some_and(|seen| seen.subject.is_none());
    let nonces = if public { 0 } else { answer.nonces().len() };
    (answer.status, answer.grpc, codes, nonces)
}

/// The good request with up to three things changed.
fn changed(scene: &Scene<'_>, dice: &mut Random) -> WireRequest {
    let number = 1 + dice.below(3);
    let changes: Vec<usize> = iter::repeat_with(|| dice.below(14)).take(number).collect();
    let method = pick(dice, &changes, 0, "GET", &METHODS);
    let path = pick(dice, &changes, 1, "/accounts", &PATHS);
    let mut token = scene.token();
    let mut proof_of: Vec<Box<dyn Fn(ProofBuilder) -> ProofBuilder>> = Vec::new();
    for change in &changes {
        match change {
            2 => token = change_token(token, dice),
            3 | 4 => proof_of.push(change_proof(dice)),
            _ => {}
        }
    }
    let token = token.build();
    let htu = if changes.contains(&5) {
        "/accounts"
    } else {
        path
    };
    let proof = proof_of
        .into_iter()
        .fold(scene.proof_for(method, htu, &token), |proof, change| {
            change(proof)
        });
    let mut request = scene.request_to(method, path, &token, &proof.build());
    for change in changes {
        match change {
            6 => flip(&mut request, "Authorization", dice),
            7 | 8 => flip(&mut request, "DPoP", dice),
            9 => repeat(&mut request, "DPoP"),
            10 => repeat(&mut request, "Authorization"),
            11 => request = request.without(["Authorization", "DPoP"][dice.below(2)]),
            12 => request = with_scheme(request, dice),
            13 => request = request.header("X-Anything", vec![0x80 + dice.byte() / 2; 9]),
            _ => {}
        }
    }
    request
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
const PATHS: [&str; 12] = [
    "/accounts",
    "/accounts/",
    "/accounts?a=b",
    "/accounts?access_token=x",
    "/payments",
    "/payments;x",
    "//accounts",
    "/./accounts",
    "/accounts%2f",
    "/%61ccounts",
    "/healthz",
    "/",
];

fn pick<'a>(
    dice: &mut Random,
    changes: &[usize],
    wanted: usize,
    usual: &'a str,
    all: &[&'a str],
) -> &'a str {
    if changes.contains(&wanted) {
        all[dice.below(all.len())]
    } else {
        usual
    }
}

fn change_token(token: TokenBuilder, dice: &mut Random) -> TokenBuilder {
    let name = [
        "exp",
        "iat",
        "nbf",
        "aud",
        "iss",
        "sub",
        "client_id",
        "cnf",
        "jti",
        "scope",
    ];
    let name = name[dice.below(name.len())];
    match dice.below(3) {
        0 => token.without_claim(name),
        _ => token.claim(name, value(dice)),
    }
}

fn change_proof(dice: &mut Random) -> Box<dyn Fn(ProofBuilder) -> ProofBuilder> {
    let claims = ["htm", "htu", "iat", "ath", "nonce", "exp", "nbf", "other"];
    let headers = ["typ", "alg", "jwk", "kid", "crit", "b64", "other"];
    let (claim, header) = (
        claims[dice.below(claims.len())],
        headers[dice.below(headers.len())],
    );
    let value = value(dice);
    match dice.below(4) {
        0 => Box::new(move |proof| proof.without_claim(claim)),
        1 => Box::new(move |proof| proof.header(header, value.clone())),
        _ => Box::new(move |proof| proof.claim(claim, value.clone())),
    }
}

fn value(dice: &mut Random) -> serde_json::Value {
    let time = now().as_secs();
    let values = [
        json!(null),
        json!(true),
        json!(""),
        json!("x"),
        json!(0),
        json!(-1),
        json!(time),
        json!(time + 5),
        json!(time - 30),
        json!(time + 3_600),
        json!(1.5),
        json!([]),
        json!(["https://api.example.com"]),
        json!({}),
        json!({ "jkt": "x" }),
        json!("GET"),
        json!("https://api.example.com/accounts"),
        json!("dpop+jwt"),
        json!("ES256"),
    ];
    values[dice.below(values.len())].clone()
}

/// Changes one byte of a header to any that a header may have.
fn flip(request: &mut WireRequest, name: &str, dice: &mut Random) {
    let Some((_, value)) = request.headers.iter_mut().find(|(have, _)| have == name) else {
        return;
    };
    let place = dice.below(value.len());
    value[place] = match dice.byte() {
        byte @ (0x21..=0x7e | 0x80..) => byte,
        other => b'A' + other % 26,
    };
}

fn repeat(request: &mut WireRequest, name: &str) {
    let line = request.headers.iter().find(|(have, _)| have == name);
    if let Some(line) = line.cloned() {
        request.headers.push(line);
    }
}

fn with_scheme(request: WireRequest, dice: &mut Random) -> WireRequest {
    let value = request.lines("Authorization").next().unwrap_or_default();
    let token = value.get(5..).unwrap_or_default();
    let scheme = ["dpop ", "DPOP  ", "Bearer ", "Basic ", "DPoP", ""][dice.below(6)];
    let value = [scheme.as_bytes(), token].concat();
    request.with("Authorization", value)
}
