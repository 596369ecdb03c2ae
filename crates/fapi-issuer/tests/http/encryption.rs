//! Answers that are encrypted for their reader, with the feature `jwe`.

use fapi_core::jose::Algorithm;
use fapi_issuer::{
    Client, ContentEncryption, EncryptionAlgorithm, IntrospectionResponse, Issuer, ResourceServer,
};
use josekit::jwe::{self, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use serde_json::{Map, Value, json};

use crate::harness::{API, ISSUER, Server, jwks, key, part};
use crate::scene::Scene;

/// A reader's key, for an algorithm.
struct Reader {
    key: Jwk,
    algorithm: EncryptionAlgorithm,
}

impl Reader {
    fn both() -> [Self; 2] {
        [
            Self {
                key: Jwk::generate_rsa_key(2048).unwrap(),
                algorithm: EncryptionAlgorithm::RsaOaep256,
            },
            Self {
                key: Jwk::generate_ec_key(EcCurve::P256).unwrap(),
                algorithm: EncryptionAlgorithm::EcdhEs,
            },
        ]
    }

    /// The key set with the reader's key in it.
    fn add_to(&self, jwks: &str) -> String {
        let mut jwks: Value = serde_json::from_str(jwks).unwrap();
        let mut key = Map::clone(self.key.to_public_key().unwrap().as_ref());
        key.insert("use".to_owned(), json!("enc"));
        key.insert("kid".to_owned(), json!("for-encryption"));
        jwks["keys"].as_array_mut().unwrap().push(key.into());
        jwks.to_string()
    }

    fn register(&self, mut client: Client) -> Client {
        let jwks = client.jwks.take().unwrap();
        let with = Client::new("", self.add_to(jwks.as_json()));
        client.jwks = with.jwks;
        client
    }

    /// The signed JWT in an encrypted one.
    fn open(&self, jwt: &str) -> String {
        let (content, header): (Vec<u8>, JweHeader) = match self.algorithm {
            EncryptionAlgorithm::RsaOaep256 => {
                let key = jwe::RSA_OAEP_256.decrypter_from_jwk(&self.key).unwrap();
                jwe::deserialize_compact(jwt, &key).unwrap()
            }
            _ => {
                let key = jwe::ECDH_ES.decrypter_from_jwk(&self.key).unwrap();
                jwe::deserialize_compact(jwt, &key).unwrap()
            }
        };
        assert_eq!(header.content_encryption(), Some("A256GCM"));
        assert_eq!(header.content_type(), Some("JWT"));
        assert_eq!(header.key_id(), Some("for-encryption"));
        String::from_utf8(content).unwrap()
    }
}

const ENC: Option<ContentEncryption> = Some(ContentEncryption::A256GCM);

#[tokio::test]
async fn a_client_gets_encrypted_id_tokens_and_authorization_responses() {
    for reader in Reader::both() {
        let mut scene = Scene::registered(|client| {
            let mut client = reader.register(client);
            client.id_token_encrypted_response_alg = Some(reader.algorithm);
            client.id_token_encrypted_response_enc = ENC;
            client.authorization_encrypted_response_alg = Some(reader.algorithm);
            client.authorization_encrypted_response_enc = ENC;
            client
        })
        .await;
        let request_uri = scene.request_uri(json!({ "response_mode": "jwt" })).await;
        let consent = scene.log_in(&request_uri).await;
        let parameters = scene.decide(&consent, "approve").await;
        let response = reader.open(&parameters["response"]);
        let response = part(&response, 1);
        assert_eq!(response["aud"], "app");
        assert_eq!(response["state"], "the-state");
        let tokens = scene.tokens(response["code"].as_str().unwrap()).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let id_token = reader.open(tokens.body["id_token"].as_str().unwrap());
        assert_eq!(part(&id_token, 0)["alg"], "ES256");
        assert_eq!(part(&id_token, 1)["nonce"], "the-nonce");
        // A plain response stays one.
        let code = scene.code(json!({})).await;
        assert_eq!(code.len(), 43);
    }
}

#[tokio::test]
async fn a_resource_server_gets_encrypted_answers() {
    for reader in Reader::both() {
        let key = key(Algorithm::Es256);
        let mut api = ResourceServer::new("api", reader.add_to(&jwks(&[&key])), API)
            .introspection_response(IntrospectionResponse::AsAsked);
        api.introspection_encrypted_response_alg = Some(reader.algorithm);
        api.introspection_encrypted_response_enc = ENC;
        let server =
            Server::start_with(Algorithm::Es256, |builder| builder.resource_server(api)).await;
        let about = async |lines: &[(&str, &str)]| {
            let form = json!({ "token": "x" });
            server
                .about("/introspect", ("api", &key), &form, lines)
                .await
        };
        let signed = "application/token-introspection+jwt";
        let answer = about(&[("accept", signed)]).await;
        assert_eq!(answer.headers["content-type"], signed);
        let claims = part(&reader.open(&answer.text), 1);
        assert_eq!(claims["aud"], "api");
        assert_eq!(claims["token_introspection"], json!({ "active": false }));
        let plain = about(&[("accept", "application/json")]).await;
        assert_eq!(plain.body, json!({ "active": false }));
    }
}

#[tokio::test]
async fn the_metadata_say_what_there_is() {
    let server = Server::start().await;
    let metadata = server.get("/.well-known/openid-configuration").await.body;
    for answer in ["id_token", "authorization", "introspection"] {
        let member = |end| &metadata[format!("{answer}_encryption_{end}_values_supported")];
        assert_eq!(*member("alg"), json!(["RSA-OAEP-256", "ECDH-ES"]));
        assert_eq!(*member("enc"), json!(["A256GCM"]));
    }
}

#[tokio::test]
async fn a_wish_that_cannot_be_granted_is_a_mistake() {
    let [reader, _] = Reader::both();
    let signing = jwks(&[&key(Algorithm::Es256)]);
    let client = |jwks: &str, alg, enc| {
        let mut client = Client::new("app", jwks);
        client.id_token_encrypted_response_alg = alg;
        client.id_token_encrypted_response_enc = enc;
        Issuer::builder(ISSUER)
            .client(client)
            .default_audience(API)
            .build()
    };
    let with = reader.add_to(&signing);
    let (rsa, ec) = (EncryptionAlgorithm::RsaOaep256, EncryptionAlgorithm::EcdhEs);
    for (jwks, alg, enc, member) in [
        (&with, Some(rsa), None, "enc"),
        (&with, None, ENC, "alg"),
        (&with, Some(ec), ENC, "alg"),
        (&signing, Some(rsa), ENC, "alg"),
    ] {
        let error = client(jwks, alg, enc).await.unwrap_err();
        let path = format!("clients[0].id_token_encrypted_response_{member}");
        assert_eq!(error.path(), path, "{alg:?} {enc:?}");
    }
    client(&with, Some(rsa), ENC).await.unwrap();
}

#[cfg(feature = "remote-keys")]
#[tokio::test]
async fn the_key_may_be_at_the_address_of_the_client() {
    use crate::remote_keys::{Host, HostAnswer};

    let [reader, _] = Reader::both();
    let host = Host::start(HostAnswer::Keys(String::new())).await;
    let mut given = None;
    let mut scene = Scene::registered(|mut client| {
        given = client.jwks.take();
        client.jwks_uri = Some(host.uri.clone());
        client.id_token_encrypted_response_alg = Some(reader.algorithm);
        client.id_token_encrypted_response_enc = ENC;
        client
    })
    .await;
    let given = given.unwrap();
    host.set(HostAnswer::Keys(reader.add_to(given.as_json())));
    let code = scene.code(json!({})).await;
    let tokens = scene.tokens(&code).await;
    let id_token = reader.open(tokens.body["id_token"].as_str().unwrap());
    assert_eq!(part(&id_token, 1)["sub"], "user-1");
    // A client that has no such key gets no ID token that everybody can read.
    let code = scene.code(json!({})).await;
    host.set(HostAnswer::Keys(given.as_json().to_owned()));
    scene.server.clock.advance(300);
    let code_later = scene.code(json!({})).await;
    assert_ne!(code, code_later);
    let refused = scene.tokens(&code_later).await;
    assert_eq!(refused.error(), (500, "server_error"));
}
