//! An axum API whose decisions are counted, an issuer, a client, and what a Prometheus server would scrape. All of it
//! over HTTP, on this machine.
//!
//! ```text
//! cargo run -p example-prometheus-metrics
//! cargo run -p example-prometheus-metrics -- --serve
//! ```
//!
//! With `--serve`, everything goes on running for requests by hand. Exit status 1 means that a counter is not what was
//! sent, 2 that the command line was wrong.
//!
//! What a service has to write is `api.rs` and `exposition.rs`; the rest is here so that there is something to count.

mod api;
mod exposition;
mod issuer;
mod loopback;
mod requests;

use std::env;
use std::error::Error;
use std::future;
use std::process::ExitCode;

use tower_fapi::testing::TestClient;

use crate::issuer::RunningIssuer;
use crate::loopback::Loopback;
use crate::requests::{EXPECTED, Sender};

/// What to do after the requests.
enum Then {
    End,
    Serve,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(then) = Then::from_arguments(env::args().skip(1)) else {
        eprintln!("usage: example-prometheus-metrics [--serve]");
        return Ok(ExitCode::from(2));
    };

    // 1. The recorder, before the layer: then it learns units and descriptions too.
    let exposition = exposition::install()?;

    // 2. An issuer, and the API, which fetches the issuer's keys when the first token comes.
    let place = Loopback::bind().await?;
    let api = place.url().to_owned();
    let issuer = RunningIssuer::start().await?;
    place.serve(api::router(&api, issuer.url())?);

    // 3. The exposition, on a port of its own.
    let inside = Loopback::bind().await?;
    let metrics = format!("{}/metrics", inside.url());
    inside.serve(exposition::router(exposition));
    println!("API      {api}/accounts");
    println!("metrics  {metrics}\n");

    // 4. Requests, good and bad, and what is counted of them.
    let sender = Sender::new(&api, &issuer, TestClient::new()).await?;
    sender.send_all().await?;
    let text = sender.get(&metrics).await?;
    let ours = || text.lines().filter(|line| line.starts_with("fapi_"));
    for line in ours() {
        println!("{line}");
    }
    let issuer = format!("issuer=\"{}\"", issuer.url());
    let mut outcome = ExitCode::SUCCESS;
    for (series, count) in EXPECTED {
        let expected = format!("{} {count}", series.replace("ISSUER", &issuer));
        if !ours().any(|line| line == expected) {
            println!("WRONG, should be there: {expected}");
            outcome = ExitCode::FAILURE;
        }
    }

    if let Then::Serve = then {
        println!("\nserving; try  curl -i {api}/accounts; curl {metrics}");
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
