//! The client: the requests of the quickstart, sent through Envoy.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use example_quickstart::cases::CASES;
use example_quickstart::client::{CLIENT_ID, Client};
use example_quickstart::discovery::Metadata;
use example_quickstart::scene::{Scene, Tokens};
use example_quickstart::table::{self, Row};
use fapi_crypto::SigningKey;
use reqwest::Certificate;
use reqwest::header::AUTHORIZATION;
use tokio::time::sleep;
use tower_fapi::testing::{TestClient, TestKey};

use crate::names::{API, CA, CLIENT_DOCUMENT, ISSUER, OTHER_API};
use crate::setup::ClientState;
use crate::upstream::View;

const START: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn run(state: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let authority = Certificate::from_pem(&fs::read(state.join(CA))?)?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .build()?;
    until_ready(&http).await?;

    let metadata = Metadata::fetch(&http, ISSUER).await?;
    let state: ClientState = serde_json::from_slice(&fs::read(state.join(CLIENT_DOCUMENT))?)?;
    let assertion_key = SigningKey::from_jwk_json(&state.assertion_key.to_string())?;
    let dpop = TestClient::with_key(TestKey::from_jwk(&state.dpop_key.to_string()));
    let client = Client::with_keys(assertion_key, dpop);
    let tokens = Tokens {
        good: client
            .request_token(&http, &metadata, API)
            .await?
            .access_token,
        expired: state.expired_token,
        foreign: client
            .request_token(&http, &metadata, OTHER_API)
            .await?
            .access_token,
    };

    let scene = Scene::new(&format!("{API}/accounts"), client.dpop, tokens);
    let mut rows = Vec::new();
    for case in CASES {
        rows.push(Row::send(case, &scene, &http).await?);
    }
    println!("GET {}\n", scene.url);
    print!("{}", table::render(&rows));

    let view = view(&scene, &http).await?;
    println!("the API behind Envoy saw {view:?}");
    let expected = View {
        subject: Some(CLIENT_ID.to_owned()),
        token: false,
        proof: false,
    };
    if view != expected {
        println!("  WRONG, should be       {expected:?}");
    }
    let right = rows.iter().all(Row::is_as_expected) && view == expected;
    Ok(ExitCode::from(u8::from(!right)))
}

/// What the API sees of one more honest request.
async fn view(scene: &Scene, http: &reqwest::Client) -> Result<View, reqwest::Error> {
    let token = &scene.tokens.good;
    let request = http
        .get(&scene.url)
        .header(AUTHORIZATION, format!("DPoP {token}"))
        .header("DPoP", scene.proof_for(token))
        // Nobody but Envoy says who a request is from.
        .header("x-fapi-sub", "somebody else");
    request.send().await?.error_for_status()?.json().await
}

/// Waits until Envoy is there and the filter has the issuer's keys.
async fn until_ready(http: &reqwest::Client) -> Result<(), Box<dyn Error>> {
    let url = format!("{API}/ready");
    let deadline = Instant::now() + START;
    loop {
        let problem = match http.get(&url).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.status().to_string(),
            Err(error) => format!("{error:?}"),
        };
        if Instant::now() > deadline {
            return Err(format!("{url} after {} seconds: {problem}", START.as_secs()).into());
        }
        sleep(PAUSE).await;
    }
}
