//! TLS in front of the issuer: what arrives decrypted goes on as it is.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::names::{CERTIFICATE, KEY};

const HANDSHAKE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the program ends.
pub(crate) async fn run(
    listen: SocketAddr,
    to: SocketAddr,
    state: &Path,
) -> Result<(), Box<dyn Error>> {
    let certificate = CertificateDer::from_pem_file(state.join(CERTIFICATE))?;
    let key = PrivateKeyDer::from_pem_file(state.join(KEY))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    let tls = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(listen).await?;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Mostly too many open files: some of them must be closed first.
            sleep(PAUSE).await;
            continue;
        };
        let tls = tls.clone();
        tokio::spawn(async move {
            let Ok(Ok(mut stream)) = timeout(HANDSHAKE, tls.accept(stream)).await else {
                return;
            };
            if let Ok(mut issuer) = TcpStream::connect(to).await {
                // An error here is one side that went away.
                let _ = copy_bidirectional(&mut stream, &mut issuer).await;
            }
        });
    }
}
