//! A protected API, an honest client, and a thief: sends each of their requests over HTTP and shows what becomes of it.
//!
//! ```text
//! cargo run -p example-quickstart
//! ```
//!
//! Exit status 1 means that some request was not judged as it should be.

mod api;
mod cases;
mod scene;
mod table;
mod verdict;

use std::error::Error;
use std::process::ExitCode;

use crate::api::Api;
use crate::cases::CASES;
use crate::scene::Scene;
use crate::table::Row;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let api = Api::start().await?;
    let scene = Scene::new(&api);

    // Whatever proxy the environment names, it does not lead to this machine.
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut rows = Vec::new();
    for case in CASES {
        let attempt = (case.attempt)(&scene);
        rows.push(Row {
            case,
            verdict: attempt.send(&http, &scene.url).await?,
        });
    }

    println!("GET {}\n", scene.url);
    print!("{}", table::render(&rows));
    Ok(if rows.iter().all(Row::is_as_expected) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
