//! Access tokens that are bound to a TLS client certificate (RFC 8705 §3), over real TLS: two clients with a certificate
//! each, a guarded API that looks at the certificate of each connection, and a table that shows which requests it takes.
//!
//! ```text
//! cargo run -p example-mtls-accounts
//! ```
//!
//! What to copy: `serve.rs`, which tells the layer what certificate a connection has, and `api.rs`. The certificates and
//! tokens are made on the fly and serve this program alone.
//!
//! Exit status 1 means that some request was not judged as it should be.

mod api;
mod authority;
mod cases;
mod serve;
mod table;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower_fapi::testing::TestIssuer;

use crate::authority::Authority;
use crate::cases::{Scene, cases};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // 1. One authority for the server's certificate and the clients'.
    let authority = Authority::new()?;
    let tls = TlsAcceptor::from(Arc::new(authority.server_config("localhost")?));

    // 2. The API, which trusts the issuer's keys.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("https://localhost:{}", listener.local_addr()?.port());
    let issuer = TestIssuer::new("https://as.example.com").for_resource(&origin);
    let router = api::router(&origin, issuer.issuer_config())?;
    tokio::spawn(serve::serve(listener, tls, router));

    // 3. Everybody's requests.
    let scene = Scene::new(&authority, issuer)?;
    let url = format!("{origin}/accounts");
    let mut rows = Vec::new();
    for case in cases(&scene) {
        let verdict = case.send(&url).await?;
        rows.push((case, verdict));
    }

    println!("GET {url}\n");
    print!("{}", table::render(&rows));
    let as_expected = rows.iter().all(|(case, verdict)| *verdict == case.expected);
    Ok(if as_expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
