//! Servers on this machine, which can be stopped and started again.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A place for a server: an address that is known before the server starts, and stays when it stops.
pub(crate) struct Loopback {
    address: SocketAddr,
    listener: Option<TcpListener>,
}

/// A server that runs until it is told to stop, or until the program ends.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<std::io::Result<()>>,
}

impl Loopback {
    pub(crate) async fn bind() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener: Some(listener),
        })
    }

    /// Where the server is reached, without a `/` at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves, after a stop on the same port as before.
    pub(crate) async fn serve(&mut self, router: Router) -> std::io::Result<Running> {
        let listener = match self.listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(self.address).await?,
        };
        let (stop, told) = oneshot::channel();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // Nobody left to tell: then it runs as long as the program.
            if told.await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        Ok(Running {
            stop,
            stopped: tokio::spawn(server.into_future()),
        })
    }
}

impl Running {
    /// Stops it and waits until its connections are closed and its port is free.
    pub(crate) async fn stop(self) -> Result<(), Box<dyn Error>> {
        self.stop.send(()).map_err(|()| "the server had ended")?;
        Ok(self.stopped.await??)
    }
}
