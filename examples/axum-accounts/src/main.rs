//! An axum API whose rules stand in a JSON document, an issuer whose keys the API discovers, and a client that starts with
//! nothing but the API's URL. All of it over HTTP, on this machine.
//!
//! ```text
//! cargo run -p example-axum-accounts
//! cargo run -p example-axum-accounts -- --serve
//! ```
//!
//! With `--serve`, API and issuer go on running for requests by hand. Exit status 1 means that some request got another
//! answer than it should, 2 that the command line was wrong.
//!
//! What a service has to write is `api.json` and `api.rs`; the rest is here so that there is something to see.

mod answer;
mod api;
mod client;
mod issuer;
mod loopback;
mod story;

use std::env;
use std::error::Error;
use std::future;
use std::process::ExitCode;

use crate::client::Client;
use crate::loopback::Loopback;

/// What to do after the requests.
enum Then {
    End,
    Serve,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(then) = Then::from_arguments(env::args().skip(1)) else {
        eprintln!("usage: example-axum-accounts [--serve]");
        return Ok(ExitCode::from(2));
    };

    // 1. An issuer that knows the client, and which API it may ask tokens for.
    let place = Loopback::bind().await?;
    let api = place.url().to_owned();
    let client = Client::new()?;
    let issuer = issuer::start(client.registration(&api)).await?;
    println!("issuer  {issuer}");

    // 2. The API knows the issuer's name. It fetches the keys when the first token comes.
    place.serve(api::router(api::config(&api, &issuer)?)?);
    println!("API     {api}\n");

    // 3. The client's requests, and whether the answers are the right ones.
    let outcome = story::tell(&client, &api).await?;

    if let Then::Serve = then {
        println!("\nserving; try  curl -i {api}/accounts");
        future::pending::<()>().await;
    }
    Ok(outcome)
}

impl Then {
    /// `None`: there are arguments that mean nothing.
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        match (arguments.next().as_deref(), arguments.next()) {
            (None, None) => Some(Self::End),
            (Some("--serve"), None) => Some(Self::Serve),
            _ => None,
        }
    }
}
