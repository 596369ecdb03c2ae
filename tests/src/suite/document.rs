//! The configuration of the issuer: one for all variants.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Map, Value, json};

use super::authority::{dns_name, subject};
use super::cast::Cast;
use super::party::Number;
use super::variant::{ClientAuth, Profile, Variant, Variants};

pub const ISSUER: &str = "https://as.example.com";
/// Where the endpoints are that ask for a certificate.
pub const MTLS_ORIGIN: &str = "https://mtls.as.example.com";
/// The protected resource.
pub const RESOURCE: &str = "https://rs.example.com";

pub const RESOURCE_HOST: &str = "rs.example.com";

/// Where everything is: what the document depends on.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    pub issuer: &'a str,
    pub mtls_origin: &'a str,
    pub resource: &'a str,
    /// Where the suite's clients take users back.
    pub callback: &'a str,
    /// The addresses that the issuer listens on, the second for clients with certificates.
    pub listen: [SocketAddr; 2],
}

/// In the tests.
pub const PLACES: Places<'static> = Places {
    issuer: ISSUER,
    mtls_origin: MTLS_ORIGIN,
    resource: RESOURCE,
    callback: "https://suite.example.com/test/a/fapi/callback",
    listen: [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0); 2],
};

/// How the resource server is known to the issuer.
pub const RESOURCE_SERVER: &str = "rs";

/// The hosts of all three.
pub const HOSTS: [&str; 3] = ["as.example.com", "mtls.as.example.com", RESOURCE_HOST];

pub const USERNAME: &str = "alice";
pub const PASSWORD: &str = "correct horse battery staple";
/// Its hash, with the least work that there is: users log in hundreds of times here.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$XdTJKPvVpEdCNu922dgwQXj+XfOITS04PpG3cDMn5sE";

/// The type of authorization details (RFC 9396) that clients may ask for.
pub const DETAIL_TYPE: &str = "payment_initiation";

/// What clients ask for, unless they test that very thing. The order is not that of the configuration.
const SCOPE: &str = "accounts profile email";

/// The document. Files are named by their place in `directory`.
pub fn configuration(cast: &Cast, places: Places<'_>, directory: &str) -> Value {
    let [listen, mtls_listen] = places.listen;
    let keys: Vec<_> = cast.issuer_keys.iter().map(private_jwk).collect();
    let variants = Variants::all();
    let clients = variants
        .iter()
        .flat_map(|variant| Number::BOTH.map(|number| client(cast, places, variant, number)));
    json!({
        "issuer": places.issuer,
        "listen": listen,
        "tls": {
            "certificate": format!("{directory}/server.pem"),
            "key": format!("{directory}/server.key"),
        },
        "mtls": {
            "origin": places.mtls_origin,
            "listen": mtls_listen,
            "client_ca": format!("{directory}/ca.pem"),
        },
        "storage": { "sqlite": { "path": format!("{directory}/issuer.db") } },
        "signing_keys": keys,
        "users": [{
            "username": USERNAME,
            "password_hash": PASSWORD_HASH,
            "sub": "5e1b0a7c",
            "acr": "urn:example:loa2",
            "claims": {
                "name": "Alice Example",
                "given_name": "Alice",
                "family_name": "Example",
                "email": "alice@example.com",
                "email_verified": true,
                "birthdate": "1970-01-01",
            },
        }],
        "clients": clients.collect::<Vec<_>>(),
        "resource_servers": [{
            "client_id": RESOURCE_SERVER,
            "jwks": { "keys": [cast.resource_server_key.published_jwk()] },
            "resource": places.resource,
        }],
        "default_audience": places.resource,
        "authorization_details_types": [DETAIL_TYPE],
    })
}

/// One of the clients of a variant.
fn client(cast: &Cast, places: Places<'_>, variant: Variant, number: Number) -> Value {
    let mut client = Map::new();
    let mut set = |name: &str, value: Value| client.insert(name.to_owned(), value);
    set("client_id", client_id(variant, number).into());
    set("client_name", format!("Client {number:?}").into());
    set("scope", scope(variant).into());
    set(
        "jwks",
        json!({ "keys": public_keys(cast, variant, number) }),
    );
    set("token_endpoint_auth_method", variant.auth_method().into());
    if variant.auth == ClientAuth::Tls {
        match number {
            Number::First => set("tls_client_auth_subject_dn", subject("first").into()),
            Number::Second => set("tls_client_auth_san_dns", dns_name("second").into()),
        };
    }
    if !variant.is_dpop() {
        set("tls_client_certificate_bound_access_tokens", true.into());
    }
    if variant.profile == Profile::ClientCredentials {
        return client.into();
    }
    set("redirect_uris", json!(redirect_uris(places.callback)));
    set("authorization_details_types", json!([DETAIL_TYPE]));
    let grant_types = ["authorization_code", "refresh_token"];
    set("grant_types", json!(grant_types));
    if variant.is_signed() {
        set("require_signed_request_object", true.into());
    }
    let mode = if variant.is_jarm() { "jwt" } else { "query" };
    set("response_modes", json!([mode]));
    client.into()
}

fn public_keys(cast: &Cast, variant: Variant, number: Number) -> Vec<Value> {
    let mut keys = vec![cast.signing_key(variant, number).published_jwk()];
    if variant.auth == ClientAuth::SelfSignedTls {
        let identity = cast.identity(variant, number);
        keys.push(identity.public_jwk("certificate"));
    }
    keys
}

/// The identifier of a client.
pub fn client_id(variant: Variant, number: Number) -> String {
    let number = match number {
        Number::First => 1,
        Number::Second => 2,
    };
    format!("{variant}-{number}")
}

/// What a client is registered for. With `offline_access` it gets a refresh token.
pub fn scope(variant: Variant) -> String {
    if variant.profile == Profile::ClientCredentials {
        return "accounts".to_owned();
    }
    format!("{} offline_access", requested_scope(variant))
}

/// What it asks for, unless a test says otherwise.
pub(super) fn requested_scope(variant: Variant) -> String {
    match variant.profile {
        Profile::OpenIdConnect => format!("openid {SCOPE}"),
        Profile::PlainOauth | Profile::ClientCredentials => "accounts".to_owned(),
    }
}

/// The first is the first client's; the second client's has a query.
pub(super) fn redirect_uris(callback: &str) -> [String; 2] {
    [
        callback.to_owned(),
        format!("{callback}?dummy1=lorem&dummy2=ipsum"),
    ]
}

/// A private key with what a key set says of it.
pub fn private_jwk(key: &tower_fapi::testing::TestKey) -> Value {
    let mut jwk = key.private_jwk();
    jwk["kid"] = key.kid().into();
    jwk["alg"] = key.algorithm().name().into();
    jwk["use"] = "sig".into();
    jwk
}
