//! Clients that come and go while the server runs.

use axum::body::Body;
use axum::http::Method;
use fapi_core::config::Secret;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{
    Client, ClientsError, GrantType, Issuer, IssuerBuilder, RegistrationConfig, ResourceServer,
};
use serde_json::{Value, json};

use crate::harness::{API, Answer, ISSUER, START, Server, jwks, key};

const INITIAL: &str = "an-initial-access-token-1";
const CALLBACK: &str = "https://new.example/callback";

/// A server at which clients may register for everything.
struct Office {
    server: Server,
    resource_server_key: SigningKey,
}

/// A client that has registered.
struct Registered {
    client_id: String,
    token: String,
    key: SigningKey,
}

impl Office {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(set: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> Self {
        let resource_server_key = key(Algorithm::Es256);
        let resource_server = ResourceServer::new("api", jwks(&[&resource_server_key]), API);
        let mut registration = RegistrationConfig::new(Secret::Inline(INITIAL.to_owned()));
        registration.scope = "openid accounts payments".to_owned();
        registration.grant_types.push(GrantType::ClientCredentials);
        let server = Server::start_with(Algorithm::Es256, |builder| {
            set(builder
                .registration(registration)
                .resource_server(resource_server))
        })
        .await;
        Self {
            server,
            resource_server_key,
        }
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let mut request = self.server.request(method, path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.server.send(request.body(body).unwrap()).await
    }

    async fn register(&self, metadata: &Value) -> Answer {
        self.call(Method::POST, "/register", INITIAL, Some(metadata))
            .await
    }

    /// What the client does to its own registration.
    async fn manage(&self, method: Method, client: &Registered, body: Option<&Value>) -> Answer {
        self.call(method, &client.path(), &client.token, body).await
    }

    async fn registered(&self) -> Registered {
        let key = key(Algorithm::Es256);
        let answer = self.register(&metadata(&key)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let member = |name: &str| answer.body[name].as_str().unwrap().to_owned();
        Registered {
            client_id: member("client_id"),
            token: member("registration_access_token"),
            key,
        }
    }

    async fn ask_token(&self, client: &Registered) -> Answer {
        let proof = self.server.proof(&key(Algorithm::Es256));
        let form = json!({ "grant_type": "client_credentials" });
        let who = (client.client_id.as_str(), &client.key);
        let lines = [("dpop", proof.as_str())];
        self.server.about("/token", who, &form, &lines).await
    }

    async fn is_active(&self, token: &str) -> bool {
        let who = ("api", &self.resource_server_key);
        let form = json!({ "token": token });
        let answer = self.server.about("/introspect", who, &form, &[]).await;
        answer.body["active"].as_bool().unwrap()
    }
}

impl Registered {
    fn path(&self) -> String {
        format!("/register/{}", self.client_id)
    }
}

/// Metadata that will do.
fn metadata(key: &SigningKey) -> Value {
    json!({
        "client_name": "New",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "client_credentials"],
        "jwks": { "keys": [key.public_jwk()] },
    })
}

fn with(mut metadata: Value, changes: Value) -> Value {
    let members = metadata.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    metadata
}

#[tokio::test]
async fn a_client_registers_and_is_one() {
    let office = Office::new().await;
    let key = key(Algorithm::Es256);
    let sent = with(
        metadata(&key),
        json!({
            "scope": "accounts", "response_types": ["code"], "policy_uri": null, "contacts": ["ops@new.example"],
            "client_id": "mine", "client_secret": "none", "access_token_format": "opaque",
        }),
    );
    let answer = office.register(&sent).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut body = answer.body.clone();
    let mut take = |name: &str| body.as_object_mut().unwrap().remove(name).unwrap();
    let client_id = take("client_id").as_str().unwrap().to_owned();
    let token = take("registration_access_token");
    let token = token.as_str().unwrap().to_owned();
    assert_eq!((client_id.len(), token.len()), (45, 43));
    let uri = format!("{ISSUER}/register/{client_id}");
    assert_eq!(take("registration_client_uri"), uri);
    assert_eq!(take("client_id_issued_at"), START);
    assert_eq!(
        body,
        json!({
            "client_name": "New", "redirect_uris": [CALLBACK], "response_types": ["code"],
            "grant_types": ["authorization_code", "client_credentials"],
            "jwks": { "keys": [key.public_jwk()] }, "scope": "accounts", "audiences": [API],
            "token_endpoint_auth_method": "private_key_jwt", "access_token_format": "opaque",
            "tls_client_certificate_bound_access_tokens": false, "require_signed_request_object": false,
        })
    );
    let client = Registered {
        client_id,
        token,
        key,
    };
    let answer = office.ask_token(&client).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["scope"], "accounts");
    let form = json!({
        "response_type": "code", "redirect_uri": CALLBACK, "code_challenge_method": "S256",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    });
    let who = (client.client_id.as_str(), &client.key);
    let pushed = office.server.about("/par", who, &form, &[]).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
}

#[tokio::test]
async fn whoever_names_nothing_gets_what_there_is() {
    let office = Office::new().await;
    let jwks = json!({ "keys": [key(Algorithm::Es256).public_jwk()] });
    let sent = json!({ "jwks": jwks, "redirect_uris": [CALLBACK] });
    let answer = office.register(&sent).await;
    assert_eq!(answer.body["scope"], "openid accounts payments");
    assert_eq!(answer.body["grant_types"], json!(["authorization_code"]));
    assert_eq!(answer.body["audiences"], json!([API]));
}

#[tokio::test]
async fn registration_takes_an_initial_access_token() {
    let office = Office::new().await;
    let metadata = metadata(&key(Algorithm::Es256));
    let call = |token| office.call(Method::POST, "/register", token, Some(&metadata));
    let none = call("").await;
    assert_eq!(none.error(), (401, "invalid_token"));
    assert_eq!(none.headers["www-authenticate"], "Bearer");
    let wrong = call("an-initial-access-token-2").await;
    assert_eq!(wrong.error(), (401, "invalid_token"));
    let challenge = "Bearer error=\"invalid_token\"";
    assert_eq!(wrong.headers["www-authenticate"], challenge);
    // The token of one client registers no other.
    let client = office.registered().await;
    assert_eq!(call(&client.token).await.error(), (401, "invalid_token"));
}

#[tokio::test]
async fn without_the_configuration_nobody_registers() {
    let server = Server::start().await;
    assert_eq!(server.get("/register").await.status, 404);
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    assert!(metadata.body.get("registration_endpoint").is_none());
    let office = Office::new().await;
    let metadata = office.server.get("/.well-known/oauth-authorization-server");
    let metadata = metadata.await.body;
    assert_eq!(
        metadata["registration_endpoint"],
        format!("{ISSUER}/register")
    );
    let scopes = metadata["scopes_supported"].as_array().unwrap();
    assert_eq!(
        scopes.iter().filter(|scope| **scope == "payments").count(),
        1
    );
}

#[tokio::test]
async fn what_fapi_does_not_have_is_not_registered() {
    let office = Office::new().await;
    let key = key(Algorithm::Es256);
    let private = json!({ "keys": [key.to_private_jwk().unwrap()] });
    for (change, named) in [
        (
            json!({ "token_endpoint_auth_method": "client_secret_basic" }),
            "token_endpoint_auth_method",
        ),
        (
            json!({ "token_endpoint_auth_method": "none" }),
            "token_endpoint_auth_method",
        ),
        (
            json!({ "token_endpoint_auth_signing_alg": "RS256" }),
            "token_endpoint_auth_signing_alg",
        ),
        (json!({ "grant_types": ["implicit"] }), "grant_types"),
        (json!({ "grant_types": ["password"] }), "grant_types"),
        (
            json!({ "grant_types": ["refresh_token", "client_credentials"], "response_types": ["token"] }),
            "response_types",
        ),
        (
            json!({ "response_types": ["code id_token"] }),
            "response_types",
        ),
        (
            json!({ "id_token_signed_response_alg": "none" }),
            "id_token_signed_response_alg",
        ),
        (
            json!({ "id_token_signed_response_alg": "EdDSA" }),
            "id_token_signed_response_alg",
        ),
        (
            json!({ "request_object_signing_alg": "HS256" }),
            "request_object_signing_alg",
        ),
        (
            json!({ "dpop_bound_access_tokens": false }),
            "dpop_bound_access_tokens",
        ),
        (json!({ "scope": "accounts admin" }), "scope"),
        (json!({ "scope": "\u{1}" }), "scope"),
        (
            json!({ "audiences": ["https://other.example.com"] }),
            "audiences",
        ),
        (
            json!({ "authorization_details_types": ["payment"] }),
            "authorization_details_types",
        ),
        (json!({ "jwks": null }), "jwks"),
        (json!({ "jwks": {} }), "jwks"),
        (json!({ "jwks": private }), "jwks"),
        (
            json!({ "jwks_uri": "https://new.example/jwks" }),
            "jwks_uri",
        ),
        (
            json!({ "jwks": null, "jwks_uri": "http://new.example/jwks" }),
            "jwks_uri",
        ),
        (
            json!({ "jwks": null, "jwks_uri": "https://127.0.0.1/jwks" }),
            "jwks_uri",
        ),
        (
            json!({ "jwks": null, "jwks_uri": "https://169.254.169.254/jwks" }),
            "jwks_uri",
        ),
        (json!({ "client_name": 7 }), "client_name"),
    ] {
        let answer = office.register(&with(metadata(&key), change.clone())).await;
        assert_eq!(answer.error(), (400, "invalid_client_metadata"), "{change}");
        let description = answer.body["error_description"].as_str().unwrap();
        assert!(description.starts_with(named), "{change}: {description}");
        let fits = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(fits), "{description}");
    }
    for wrong in [
        "http://new.example/cb",
        "https://new.example/cb#x",
        "app:/cb",
        "\"\n",
    ] {
        let sent = with(metadata(&key), json!({ "redirect_uris": [wrong] }));
        let answer = office.register(&sent).await;
        assert_eq!(answer.error(), (400, "invalid_redirect_uri"), "{wrong}");
    }
    let without = with(metadata(&key), json!({ "redirect_uris": [] }));
    let answer = office.register(&without).await;
    assert_eq!(answer.error(), (400, "invalid_redirect_uri"));
    assert!(
        office
            .server
            .issuer
            .stored_clients()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_body_is_a_json_object_of_bounded_size() {
    let office = Office::new().await;
    let post = async |content_type: &str, body: String| {
        let request = office.server.request(Method::POST, "/register");
        let request = request
            .header("authorization", format!("Bearer {INITIAL}"))
            .header("content-type", content_type);
        office
            .server
            .send(request.body(Body::from(body)).unwrap())
            .await
    };
    let good = metadata(&key(Algorithm::Es256)).to_string();
    let form = post("application/x-www-form-urlencoded", good.clone()).await;
    assert_eq!(form.error(), (400, "invalid_client_metadata"));
    for wrong in ["", "[]", "{", "null"] {
        let answer = post("application/json", wrong.to_owned()).await;
        assert_eq!(answer.error(), (400, "invalid_client_metadata"), "{wrong}");
    }
    let large = format!("{good}{}", " ".repeat(64 * 1024));
    let answer = post("application/json", large).await;
    assert_eq!(answer.error(), (413, "invalid_client_metadata"));
}

#[tokio::test]
async fn a_client_reads_changes_and_ends_its_registration() {
    let office = Office::new().await;
    let client = office.registered().await;
    let call = async |method, body: Option<&Value>| office.manage(method, &client, body).await;
    let read = call(Method::GET, None).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.body["client_id"], client.client_id);
    assert_eq!(read.body["client_name"], "New");
    assert_eq!(read.body["registration_access_token"], client.token);

    office.server.clock.advance(10);
    let new_key = key(Algorithm::Ps256);
    let changed = with(
        metadata(&new_key),
        json!({ "client_id": client.client_id, "client_name": "Newer", "scope": "payments" }),
    );
    let answer = call(Method::PUT, Some(&changed)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["client_name"], "Newer");
    assert_eq!(answer.body["client_id_issued_at"], START);
    assert_eq!(call(Method::GET, None).await.body, answer.body);
    assert_eq!(
        office.ask_token(&client).await.error(),
        (401, "invalid_client")
    );
    let changed_client = Registered {
        client_id: client.client_id.clone(),
        token: client.token.clone(),
        key: new_key,
    };
    let granted = office.ask_token(&changed_client).await;
    assert_eq!(granted.body["scope"], "payments");
    // What is wrong changes nothing.
    for wrong in [
        metadata(&client.key),
        with(metadata(&client.key), json!({ "client_id": "client" })),
        with(changed.clone(), json!({ "scope": "admin" })),
    ] {
        let refused = call(Method::PUT, Some(&wrong)).await;
        assert_eq!(refused.error(), (400, "invalid_client_metadata"));
    }
    assert_eq!(call(Method::GET, None).await.body, answer.body);

    let ended = call(Method::DELETE, None).await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(call(method, None).await.error(), (401, "invalid_token"));
    }
    let again = call(Method::PUT, Some(&changed)).await;
    assert_eq!(again.error(), (401, "invalid_token"));
    let refused = office.ask_token(&changed_client).await;
    assert_eq!(refused.error(), (401, "invalid_client"));
}

#[tokio::test]
async fn each_client_has_a_token_of_its_own() {
    let office = Office::new().await;
    let (one, other) = (office.registered().await, office.registered().await);
    let configured = "/register/client".to_owned();
    for (path, token) in [
        (one.path(), other.token.as_str()),
        (one.path(), INITIAL),
        (one.path(), ""),
        ("/register/unknown".to_owned(), &one.token),
        (configured, &one.token),
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = json!({});
            let answer = office.call(method, &path, token, Some(&body)).await;
            assert_eq!(answer.error(), (401, "invalid_token"), "{path}");
        }
    }
    let read = office
        .call(Method::GET, &one.path(), &one.token, None)
        .await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn the_tokens_of_a_client_end_with_it() {
    let office = Office::new().await;
    for format in ["jwt", "opaque"] {
        let client = office.registered().await;
        let sent = with(
            metadata(&client.key),
            json!({ "client_id": client.client_id, "access_token_format": format }),
        );
        let put = office.manage(Method::PUT, &client, Some(&sent));
        assert_eq!(put.await.status, 200);
        let answer = office.ask_token(&client).await;
        let token = answer.body["access_token"].as_str().unwrap();
        assert!(office.is_active(token).await);
        let delete = office.manage(Method::DELETE, &client, None);
        assert_eq!(delete.await.status, 204);
        assert!(!office.is_active(token).await, "{format}");
        // The operator cannot bring them back to life by mistake.
        let again = Client::new(client.client_id.clone(), jwks(&[&client.key]));
        let error = office.server.issuer.add_client(again).await.unwrap_err();
        assert!(matches!(error, ClientsError::Removed), "{error}");
    }
}

#[tokio::test]
async fn there_are_only_so_many_clients() {
    let mut few = RegistrationConfig::new(Secret::Inline(INITIAL.to_owned()));
    few.max_clients = 1;
    few.grant_types.push(GrantType::ClientCredentials);
    let office = Office::with(|builder| builder.registration(few)).await;
    let client = office.registered().await;
    let refused = office.register(&metadata(&client.key)).await;
    assert_eq!(refused.error(), (403, "access_denied"));
    let delete = office.manage(Method::DELETE, &client, None);
    assert_eq!(delete.await.status, 204);
    office.registered().await;
}

#[tokio::test]
async fn an_operator_adds_changes_and_removes_clients() {
    let office = Office::new().await;
    let issuer = &office.server.issuer;
    let key = key(Algorithm::Es256);
    let client = |scope: &str| Client::new("added", jwks(&[&key])).scope(scope);
    issuer.add_client(client("accounts")).await.unwrap();
    let names: Vec<_> = issuer.stored_clients().await.unwrap();
    assert_eq!(names, [client("accounts")]);
    let taken = issuer.add_client(client("accounts")).await.unwrap_err();
    assert!(matches!(taken, ClientsError::Taken), "{taken}");
    issuer.replace_client(client("payments")).await.unwrap();
    let added = Registered {
        client_id: "added".to_owned(),
        token: String::new(),
        key: self::key(Algorithm::Es256),
    };
    // Nobody else may change it.
    let read = office.call(Method::GET, &added.path(), INITIAL, None).await;
    assert_eq!(read.error(), (401, "invalid_token"));
    let proof = office.server.proof(&added.key);
    let form = json!({ "grant_type": "client_credentials" });
    let lines = [("dpop", proof.as_str())];
    let answer = office
        .server
        .about("/token", ("added", &key), &form, &lines);
    assert_eq!(answer.await.body["scope"], "payments");
    issuer.remove_client("added").await.unwrap();
    for unknown in ["added", "client", "nobody"] {
        let error = issuer.remove_client(unknown).await.unwrap_err();
        assert!(matches!(error, ClientsError::Unknown), "{unknown}: {error}");
    }
    for (wrong, path) in [
        (Client::new("", jwks(&[&key])), "client.client_id"),
        (Client::new("api", jwks(&[&key])), "client.client_id"),
        (Client::new("new", "{}"), "client.jwks"),
        (
            Client::new("new", jwks(&[&key])).scope("\""),
            "client.scope",
        ),
    ] {
        match issuer.add_client(wrong).await.unwrap_err() {
            ClientsError::Invalid(error) => assert_eq!(error.path(), path),
            other => panic!("{other}"),
        }
    }
    let configured = issuer.add_client(Client::new("client", jwks(&[&key])));
    assert!(matches!(configured.await.unwrap_err(), ClientsError::Taken));
}

#[tokio::test]
async fn a_wrong_configuration_names_its_field() {
    let with = |set: fn(&mut RegistrationConfig)| {
        let mut registration = RegistrationConfig::new(Secret::Inline(INITIAL.to_owned()));
        set(&mut registration);
        let builder = Issuer::builder(ISSUER).default_audience(API);
        builder.registration(registration).build()
    };
    type Row = (fn(&mut RegistrationConfig), &'static str);
    let rows: [Row; 4] = [
        (
            |config| config.initial_access_tokens.clear(),
            "registration.initial_access_tokens",
        ),
        (
            |config| config.initial_access_tokens[0] = Secret::Inline("short".to_owned()),
            "registration.initial_access_tokens[0]",
        ),
        (|config| config.max_clients = 0, "registration.max_clients"),
        (
            |config| "a  b".clone_into(&mut config.scope),
            "registration.scope",
        ),
    ];
    for (set, path) in rows {
        assert_eq!(with(set).await.unwrap_err().path(), path);
    }
    let registration = RegistrationConfig::new(Secret::Inline(INITIAL.to_owned()));
    let nowhere = Issuer::builder(ISSUER).registration(registration).build();
    assert_eq!(nowhere.await.unwrap_err().path(), "registration.audiences");
}
