//! `fapi-issuer dev`: nothing to configure.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Config, GrantType, Issuer, Server, User, hash_password};
use serde_json::json;

use crate::failure::Failure;
use crate::serve::{say, serve};

const CLIENT_ID: &str = "dev-client";
/// The client of users.
const APP_ID: &str = "dev-app";
const USER: &str = "alice";
const PASSWORD: &str = "open sesame";
/// Where `fapi-issuer login` waits for the browser.
pub(crate) const CALLBACK_PORT: u16 = 8089;

#[derive(Args)]
pub(crate) struct Dev {
    /// Loopback address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to write the clients' private key (JWK). Without it the key is printed.
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// The resource that tokens are for.
    #[arg(long, value_name = "URI", default_value = "http://127.0.0.1:3000")]
    resource: String,
    /// The scope values that the clients may ask for.
    #[arg(long, value_name = "SCOPE", default_value = "accounts payments")]
    scope: String,
}

impl Dev {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let document = json!({ "issuer": "http://127.0.0.1", "listen": self.listen });
        let server = Server::bind(&Config::from_json(&document.to_string())?).await?;
        let address = server.addresses().map_err(Failure::Serve)?.listen;
        let identifier = format!("http://{address}");
        let client_key = SigningKey::generate(Algorithm::Es256)?;
        let issuer = self.issuer(&identifier, &client_key).await?;
        let private_jwk = client_key.to_private_jwk()?.to_string();
        say(&format!("listening on {identifier}"))?;
        say(&format!("client_id: {CLIENT_ID}"))?;
        match &self.client_key {
            Some(path) => {
                write_private(path, &private_jwk)
                    .map_err(|error| Failure::WriteClientKey(path.clone(), error))?;
                say(&format!("client key: written to {}", path.display()))?;
            }
            None => say(&format!("client key: {private_jwk}"))?,
        }
        say("configuration of a resource server that takes the tokens:")?;
        let resource_server = json!({
            "resource": self.resource,
            "issuers": [{ "issuer": identifier, "jwks": issuer.jwks() }],
            "allow_http_loopback": true,
        });
        say(&resource_server.to_string())?;
        self.say_commands(&identifier)?;
        serve(server, &issuer).await;
        Ok(())
    }

    async fn issuer(&self, identifier: &str, client_key: &SigningKey) -> Result<Issuer, Failure> {
        let jwks = json!({ "keys": [client_key.public_jwk()] }).to_string();
        let user = User::new(USER, hash_password(PASSWORD)?, "user-1")
            .claim("name", "Alice Example")
            .claim("email", "alice@example.com");
        let app = Client::new(APP_ID, &jwks)
            .client_name("The development app")
            .scope(format!(
                "openid profile email offline_access {}",
                self.scope
            ))
            .redirect_uri(format!("http://127.0.0.1:{CALLBACK_PORT}/callback"))
            .grant_type(GrantType::AuthorizationCode)
            .grant_type(GrantType::RefreshToken);
        let issuer = Issuer::builder(identifier)
            .dangerous_allow_http_loopback()
            .signing_key(SigningKey::generate(Algorithm::Es256)?)
            .client(Client::new(CLIENT_ID, &jwks).scope(&self.scope))
            .client(app)
            .user(user)
            .default_audience(&self.resource)
            .build()
            .await?;
        Ok(issuer)
    }

    /// What to copy into another terminal.
    fn say_commands(&self, identifier: &str) -> Result<(), Failure> {
        let key = match &self.client_key {
            Some(path) => path.display().to_string(),
            None => "client.jwk.json".to_owned(),
        };
        let resource = &self.resource;
        say("try it, in another terminal:")?;
        say(&format!(
            "  curl {identifier}/.well-known/openid-configuration"
        ))?;
        for (command, client_id) in [("token", CLIENT_ID), ("login", APP_ID)] {
            say(&format!(
                "  fapi-issuer {command} --issuer {identifier} --client-id {client_id} --client-key {key} --request 'GET {resource}/accounts'"
            ))?;
        }
        say(&format!("  the user is {USER}, the password: {PASSWORD}"))
    }
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // The mode above counts only for a new file.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    writeln!(file, "{text}")
}
