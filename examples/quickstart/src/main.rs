//! A FAPI 2.0 issuer, a protected API, an honest client, and a thief. The client gets a token that is bound to its key;
//! then everybody's requests go to the API, and a table shows what becomes of them. All of it over HTTP.
//!
//! ```text
//! cargo run -p example-quickstart
//! ```
//!
//! Exit status 1 means that some request was not judged as it should be.

mod api;
mod cases;
mod client;
mod discovery;
mod issuer;
mod loopback;
mod scene;
mod table;
mod verdict;

use std::error::Error;
use std::process::ExitCode;

use tower_fapi::IssuerConfig;

use crate::cases::CASES;
use crate::client::Client;
use crate::discovery::Metadata;
use crate::issuer::RunningIssuer;
use crate::loopback::Loopback;
use crate::scene::Scene;
use crate::table::Row;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // Whatever proxy the environment names, it does not lead to this machine.
    let http = reqwest::Client::builder().no_proxy().build()?;

    // 1. The issuer knows the client, and which API it may ask tokens for.
    let place = Loopback::bind().await?;
    let api = place.url().to_owned();
    let client = Client::new()?;
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
    let token = client.request_token(&http, &metadata).await?;
    let (kind, seconds) = (&token.token_type, token.expires_in);
    println!("token   issued: token_type {kind}, expires_in {seconds}");

    // 4. Honest and dishonest requests.
    let scene = Scene::new(&api, &issuer, client.dpop, token.access_token)?;
    let mut rows = Vec::new();
    for case in CASES {
        let attempt = (case.attempt)(&scene);
        rows.push(Row {
            case,
            verdict: attempt.send(&http, &scene.url).await?,
        });
    }

    println!("\nGET {}\n", scene.url);
    print!("{}", table::render(&rows));
    Ok(if rows.iter().all(Row::is_as_expected) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
