//! The authorization server as a child process.

use std::path::Path;
use std::sync::LazyLock;

use fapi_crypto::SigningKey;
use fapi_tests::foreign::{NodeProject, Program};
use serde_json::{Value, json};
use tower_fapi::testing::Algorithm;

use crate::client::Client;

/// Whether the token endpoint wants nonces in DPoP proofs (RFC 9449 §8).
#[derive(Clone, Copy)]
pub(crate) enum Nonces {
    Off,
    Required,
}

/// A running authorization server.
pub(crate) struct Provider {
    program: Program,
    settings: Value,
    /// With which our resource server authenticates to it.
    resource_server_key: SigningKey,
    /// Its metadata (RFC 8414 §2).
    metadata: Value,
}

impl Provider {
    /// Starts one that knows this client and our resource server.
    pub(crate) async fn start(nonces: Nonces, client: &Client) -> Self {
        let resource_server_key = SigningKey::generate(Algorithm::Es256).unwrap();
        let mut settings = json!({
            "port": 0,
            "dpop_nonce": match nonces {
                Nonces::Off => "off",
                Nonces::Required => "required",
            },
            "client": client.jwks(),
            "resource_server": { "keys": [resource_server_key.public_jwk()] },
        });
        let (program, port) = run(settings.clone()).await;
        // For the case that it is started again.
        settings["port"] = port.into();
        let issuer = format!("http://127.0.0.1:{port}");
        Self {
            program,
            settings,
            resource_server_key,
            metadata: client.metadata(&issuer).await,
        }
    }

    /// Ends it, and starts it again under the same name, with new keys and without any memory.
    pub(crate) async fn restart(self) -> Self {
        drop(self.program);
        let (program, _) = run(self.settings.clone()).await;
        Self { program, ..self }
    }

    /// The issuer identifier.
    pub(crate) fn issuer(&self) -> &str {
        self.endpoint("issuer")
    }

    /// This member of the metadata.
    pub(crate) fn endpoint(&self, name: &str) -> &str {
        self.metadata[name].as_str().unwrap()
    }

    /// The configuration of a resource server for JWTs of this issuer.
    pub(crate) fn jwt_config(&self, resource: &str) -> Value {
        self.config(resource, json!({ "issuer": self.issuer() }))
    }

    /// The configuration of a resource server for reference tokens of this issuer.
    pub(crate) fn opaque_config(&self, resource: &str, answers: Answers) -> Value {
        let issuer = json!({
            "issuer": self.issuer(),
            "token_format": "opaque",
            "introspection": self.introspection(answers),
        });
        self.config(resource, issuer)
    }

    /// How our resource server asks this issuer about tokens.
    pub(crate) fn introspection(&self, answers: Answers) -> Value {
        json!({
            "endpoint": self.endpoint("introspection_endpoint"),
            "client_id": "resource-server",
            "client_auth": { "private_key_jwt": { "key": self.resource_server_key.to_private_jwk().unwrap() } },
            "signed_response": matches!(answers, Answers::Signed),
        })
    }

    pub(crate) fn config(&self, resource: &str, issuer: Value) -> Value {
        json!({ "resource": resource, "issuers": [issuer], "allow_http_loopback": true })
    }
}

/// Which introspection responses are accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answers {
    /// RFC 7662.
    Plain,
    /// RFC 9701.
    Signed,
}

/// The running program and its port. Meanwhile connections may notice that their other end has gone.
async fn run(settings: Value) -> (Program, u16) {
    tokio::task::spawn_blocking(move || {
        let mut program = Program::start(&mut PROJECT.script("provider.mjs"));
        program.tell(&settings);
        let port = program.hear()["port"].as_u64().unwrap();
        (program, port.try_into().unwrap())
    })
    .await
    .unwrap()
}

static PROJECT: LazyLock<NodeProject> = LazyLock::new(|| {
    NodeProject::install(
        &Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop"),
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("interop"),
    )
});
