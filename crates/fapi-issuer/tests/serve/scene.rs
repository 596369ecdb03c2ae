//! An issuer behind its server, and clients with certificates.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_issuer::{Addresses, CertificateReload, Config, Issuer, IssuerBuilder, Server};
use rcgen::{CertificateParams, PublicKeyData as _};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::certificates::{Authority, Identity, for_servers};

pub(crate) struct Scene {
    pub(crate) authority: Authority,
    pub(crate) issuer: Issuer,
    pub(crate) addresses: Addresses,
    pub(crate) certificate: CertificateReload,
    pub(crate) directory: PathBuf,
    stop: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Scene {
    /// With these clients, which may use the scope `accounts`.
    pub(crate) async fn start(clients: Value) -> Self {
        Self::configured(clients, |_| {}).await
    }

    /// With these clients, and a change of the configuration. The issuer's clock stands still.
    pub(crate) async fn configured(clients: Value, change: impl FnOnce(&mut Config)) -> Self {
        let authority = Authority::new("Test authority");
        let directory = directory();
        std::fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
        write_server(&directory, &authority);
        let mut config = config(&directory, clients);
        let server = Server::bind(&config).await.unwrap();
        let addresses = server.addresses().unwrap();
        config.issuer = format!("https://localhost:{}", addresses.listen.port());
        let mtls = config.mtls.as_mut().unwrap();
        mtls.origin = format!("https://localhost:{}", addresses.mtls.unwrap().port());
        change(&mut config);
        let clock = || UnixTime::from_secs(1_800_000_000);
        let issuer = IssuerBuilder::from(config).clock(clock);
        let issuer = issuer.build().await.unwrap();
        let certificate = server.certificate_reload();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let router = issuer.router();
        let serving = tokio::spawn(async move {
            server.serve(router, stopped.notified()).await;
        });
        Self {
            authority,
            issuer,
            addresses,
            certificate,
            directory,
            stop,
            serving,
        }
    }

    /// Lets the server end, and waits for it.
    pub(crate) async fn stop(mut self) {
        self.stop.notify_one();
        (&mut self.serving).await.unwrap();
    }

    /// A client that trusts the authority, and shows this identity.
    pub(crate) fn http(&self, identity: Option<&Identity>) -> reqwest::Client {
        let tls = self.tls(identity);
        // Whatever proxy the environment names, it does not lead to this machine.
        let builder = reqwest::Client::builder().no_proxy();
        builder.tls_backend_preconfigured(tls).build().unwrap()
    }

    fn tls(&self, identity: Option<&Identity>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der()).unwrap();
        let tls = ClientConfig::builder().with_root_certificates(roots);
        let mut tls = match identity {
            None => tls.with_no_client_auth(),
            Some(identity) => tls
                .with_client_auth_cert(identity.chain(), identity.private_key())
                .unwrap(),
        };
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        tls
    }

    /// The URL below the open socket.
    pub(crate) fn open(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.addresses.listen.port())
    }

    /// The URL below the socket that asks for certificates.
    pub(crate) fn mtls(&self, path: &str) -> String {
        let address = self.addresses.mtls.unwrap();
        format!("https://localhost:{}/{path}", address.port())
    }

    /// What the token endpoint says to a client that shows this.
    pub(crate) async fn token(&self, client_id: &str, identity: Option<&Identity>) -> (u16, Value) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
        ];
        let request = self.http(identity).post(self.mtls("token")).form(&form);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What is left of it is the system's to clean up.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Puts a new certificate and key where the server looks for them.
pub(crate) fn write_server(directory: &std::path::Path, authority: &Authority) {
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = authority.certify(&for_servers(params));
    std::fs::write(directory.join("server.pem"), server.pem()).unwrap();
    std::fs::write(directory.join("server.key"), server.key_pem()).unwrap();
}

/// For these clients, on free ports.
pub(crate) fn config(directory: &std::path::Path, clients: Value) -> Config {
    let file = |name| directory.join(name);
    let document = json!({
        "issuer": "https://as.example.com",
        "listen": "127.0.0.1:0",
        "tls": { "certificate": file("server.pem"), "key": file("server.key") },
        "mtls": {
            "origin": "https://mtls.as.example.com",
            "listen": "127.0.0.1:0",
            "client_ca": file("ca.pem"),
        },
        "clients": clients,
        "default_audience": "https://api.example.com",
    });
    Config::from_json(&document.to_string()).unwrap()
}

pub(crate) fn directory() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = format!("fapi-issuer-serve-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir(&path).unwrap();
    path
}

/// A client that is bound to its certificate, with these further members.
pub(crate) fn client(client_id: &str, method: &str, members: Value) -> Value {
    let mut client = json!({
        "client_id": client_id,
        "token_endpoint_auth_method": method,
        "tls_client_certificate_bound_access_tokens": true,
        "scope": "accounts",
    });
    let all = client.as_object_mut().unwrap();
    all.extend(members.as_object().unwrap().clone());
    client
}

/// The public key as a JWK: rcgen makes keys for P-256.
pub(crate) fn jwks(identity: &Identity) -> Value {
    let key = identity.key();
    let (x, y) = key.der_bytes()[1..].split_at(32);
    let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "one", "x": encode(x), "y": encode(y),
    }] })
}
