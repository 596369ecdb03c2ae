//! Opaque tokens: an API that asks its issuer what each token is good for (RFC 7662) and believes only signed answers
//! (RFC 9701), a client that gives its token back (RFC 7009), and an issuer that goes away for a while. All of it over
//! HTTP, on this machine.
//!
//! ```text
//! cargo run -p example-reference-tokens
//! ```
//!
//! Exit status 1 means that some request was not judged as it should be, or not with as many questions to the issuer.
//!
//! What a service has to write is `api.json` and `api.rs`; the rest is here so that there is something to see.

mod api;
mod client;
mod issuer;
mod loopback;
mod table;

use std::error::Error;
use std::process::ExitCode;

use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::ResourceServer;
use serde_json::json;

use crate::client::Client;
use crate::issuer::RunningIssuer;
use crate::loopback::Loopback;
use crate::table::{Outcome, Table};

const TOKEN: Option<&str> = Some("invalid_token");
const PROOF: Option<&str> = Some("invalid_dpop_proof");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // 1. An issuer that knows the client, and the API that may ask about tokens.
    let mut place = Loopback::bind().await?;
    let api = place.url();
    let api_key = SigningKey::generate(Algorithm::Es256)?;
    let jwks = json!({ "keys": [api_key.public_jwk()] });
    let client = Client::new()?;
    let mut issuer = RunningIssuer::start(
        ResourceServer::new(api::CLIENT_ID, jwks.to_string(), &api),
        client.registration(&api),
    )
    .await?;
    println!("issuer  {}", issuer.url());

    // 2. The API knows the issuer's name and its introspection endpoint. It runs until the program ends.
    let config = api::config(&api, &issuer.url(), &api_key)?;
    let _api = place.serve(api::router(config)?).await?;
    println!("API     {api}");

    // 3. The client's tokens.
    let metadata = client.discover(&issuer.url()).await?;
    let token = client.request_token(&metadata).await?;
    let other = client.request_token(&metadata).await?;
    println!(
        "token   {}…, {} characters\n",
        token.split_at(7).0,
        token.len()
    );

    // 4. What becomes of them.
    let url = format!("{api}/accounts");
    let mut table = Table::begin();
    let proof = client.proof(&url, &token);
    for (what, expected) in [
        ("a good token", Outcome::expected(200, None, 1)),
        ("the same proof again", Outcome::expected(401, PROOF, 1)),
    ] {
        let seen = get(&client, &issuer, &url, &token, &proof).await?;
        table.row(what, &seen, &expected);
    }

    client.revoke(&metadata, &token).await?;
    let proof = client.proof(&url, &token);
    let seen = get(&client, &issuer, &url, &token, &proof).await?;
    let expected = Outcome::expected(401, TOKEN, 1);
    table.row("that token, revoked", &seen, &expected);

    // Not even asked about: the issuer has no tokens that look like this.
    let proof = client.proof(&url, "7Yk2mPq9");
    let seen = get(&client, &issuer, &url, "7Yk2mPq9", &proof).await?;
    let expected = Outcome::expected(401, TOKEN, 0);
    table.row("a random string", &seen, &expected);

    // Whether the token is good, nobody knows now. That is not the client's fault, so there is no challenge.
    issuer.go_away().await?;
    let proof = client.proof(&url, &other);
    let seen = get(&client, &issuer, &url, &other, &proof).await?;
    let expected = Outcome::expected(503, None, 0);
    table.row("another token, the issuer gone", &seen, &expected);

    issuer.come_back().await?;
    let proof = client.proof(&url, &other);
    let seen = get(&client, &issuer, &url, &other, &proof).await?;
    let expected = Outcome::expected(200, None, 1);
    table.row("that token, the issuer back", &seen, &expected);

    Ok(if table.is_right() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One GET request, and what came of it.
async fn get(
    client: &Client,
    issuer: &RunningIssuer,
    url: &str,
    token: &str,
    proof: &str,
) -> Result<Outcome, reqwest::Error> {
    let before = issuer.questions();
    let response = client.get(url, token, proof).await?;
    let questions = issuer.questions().saturating_sub(before);
    Ok(Outcome::of(&response, questions))
}
