//! A place for a server on this machine.

use std::io;

use axum::Router;
use tokio::net::TcpListener;

/// A free port that is already ours: the API and the issuer must know each other's address before either starts.
pub(crate) struct Loopback {
    listener: TcpListener,
    url: String,
}

impl Loopback {
    pub(crate) async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, url })
    }

    /// Where the server is reached, without a `/` at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Serves until the program ends.
    pub(crate) fn serve(self, router: Router) {
        tokio::spawn(async { axum::serve(self.listener, router).await });
    }
}
