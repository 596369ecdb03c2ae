//! A FAPI 2.0 issuer, a protected API, an honest client, and a thief. The client gets a token that is bound to its key;
//! then everybody's requests go to the API, and a table shows what becomes of them. All of it over HTTP.
//!
//! ```text
//! cargo run -p example-quickstart
//! ```
//!
//! Exit status 1 means that some request was not judged as it should be.

mod api;
mod issuer;
mod loopback;

use std::error::Error;
use std::process::ExitCode;

use example_quickstart::cases::CASES;
use example_quickstart::client::Client;
use example_quickstart::discovery::Metadata;
use example_quickstart::scene::{Scene, Tokens};
use example_quickstart::table::{self, Row};
use tower_fapi::IssuerConfig;

use crate::issuer::RunningIssuer;
use crate::loopback::Loopback;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // Whatever proxy the environment names, it does not lead to this machine.
    let http = reqwest::Client::builder().no_proxy().build()?;

    // 1. The issuer knows the client, and which API it may ask tokens for.
    let place = Loopback::bind().await?;
    let api = place.url().to_owned();
    let client = Client::generate()?;
    let issuer = RunningIssuer::start(client.registration(&api)).await?;
    println!("issuer  {}", issuer.url());

    // 2. The API trusts the issuer's keys.
    let metadata = Metadata::fetch(&http, issuer.url()).await?;
    let jwks = metadata.fetch_jwks(&http).await?;
    place.serve(api::router(
        &api,
        IssuerConfig::new(issuer.url()).jwks(jwks),
    )?);
    println!("API     {api}");

    // 3. The client gets its token.
    let token = client.request_token(&http, &metadata, &api).await?;
    let (kind, seconds) = (&token.token_type, token.expires_in);
    println!("token   issued: token_type {kind}, expires_in {seconds}");

    // 4. Honest and dishonest requests.
    let tokens = Tokens {
        good: token.access_token,
        expired: issuer.mint_expired(&api, client.dpop.thumbprint()).await?,
        foreign: issuer
            .mint("https://other.example.com", client.dpop.thumbprint())
            .await?,
    };
    let scene = Scene::new(&format!("{api}/accounts"), client.dpop, tokens);
    let mut rows = Vec::new();
    for case in CASES {
        rows.push(Row::send(case, &scene, &http).await?);
    }

    println!("\nGET {}\n", scene.url);
    print!("{}", table::render(&rows));
    Ok(if rows.iter().all(Row::is_as_expected) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
