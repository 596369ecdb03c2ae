//! The plans of the suite, and what it has to know for each.

use fapi_tests::suite::document::{client_id, private_jwk, scope};
use fapi_tests::suite::{Cast, ClientAuth, Number, Profile, Sender, Variant};
use serde_json::{Map, Value, json};

use crate::options::Options;
use crate::{browser, upstream};

/// What stands in front of the protected resource.
#[derive(Clone, Copy)]
pub(crate) enum Door {
    Layer,
    Envoy,
}

impl Door {
    pub(crate) const ALL: [Self; 2] = [Self::Layer, Self::Envoy];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Layer => "layer",
            Self::Envoy => "envoy",
        }
    }
}

/// The name of the plan with its variant, as the suite's `run-test-plan.py` takes it.
pub(crate) fn name(variant: Variant) -> String {
    let auth = match variant.auth {
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
        ClientAuth::Tls | ClientAuth::SelfSignedTls => "mtls",
    };
    let sender = match variant.sender {
        Sender::Dpop => "dpop",
        Sender::Mtls => "mtls",
    };
    let (profile, openid) = match variant.profile {
        Profile::OpenIdConnect => ("plain_fapi", "openid_connect"),
        Profile::PlainOauth => ("plain_fapi", "plain_oauth"),
        Profile::ClientCredentials => ("fapi_client_credentials_grant", "plain_oauth"),
    };
    let mut parameters = format!(
        "[openid={openid}][client_auth_type={auth}][sender_constrain={sender}][fapi_profile={profile}]"
    );
    if !variant.is_signed() && !variant.is_jarm() {
        return format!("fapi2-security-profile-final-test-plan{parameters}");
    }
    let request = if variant.is_signed() {
        "signed_non_repudiation"
    } else {
        "unsigned"
    };
    let response = if variant.is_jarm() {
        "jarm"
    } else {
        "plain_response"
    };
    parameters += &format!("[fapi_request_method={request}][fapi_response_mode={response}]");
    format!("fapi2-message-signing-final-test-plan{parameters}")
}

/// The configuration of the plan.
pub(crate) fn configuration(
    options: &Options,
    cast: &Cast,
    variant: Variant,
    door: Door,
) -> Map<String, Value> {
    let [first, second] = Number::BOTH.map(|number| client(cast, variant, number));
    let resource = match door {
        Door::Layer => options.resource(),
        Door::Envoy => options.behind_envoy(),
    };
    let issuer = options.issuer();
    let discovery = format!("{issuer}/.well-known/openid-configuration");
    let mut document = Map::new();
    let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
    set("alias", options.alias().into());
    set("description", format!("{variant}, {}", door.name()).into());
    set("server", json!({ "discoveryUrl": discovery }));
    set("client", first);
    set("client2", second);
    let url = format!("{resource}{}", upstream::PATH);
    set("resource", json!({ "resourceUrl": url }));
    // Its browser need not know what our pages look like.
    set("options", json!({ "browsercontrol_css_enable": false }));
    if variant.shows_certificate_for_tokens() {
        let [first, second] = Number::BOTH.map(|number| {
            let identity = cast.identity(variant, number);
            json!({ "cert": identity.pem(), "key": identity.key_pem() })
        });
        set("mtls", first);
        set("mtls2", second);
    }
    if variant.profile != Profile::ClientCredentials {
        set("browser", browser::approves(&issuer, &options.callback()));
        set("override", browser::overrides(&issuer, &options.callback()));
    }
    document
}

fn client(cast: &Cast, variant: Variant, number: Number) -> Value {
    let key = cast.signing_key(variant, number);
    let mut client = Map::new();
    client.insert("client_id".to_owned(), client_id(variant, number).into());
    client.insert("scope".to_owned(), scope(variant).into());
    client.insert("jwks".to_owned(), json!({ "keys": [private_jwk(key)] }));
    if variant.is_dpop() {
        // The suite makes the key itself.
        let algorithm = cast.dpop_key(variant, number).algorithm().name();
        client.insert("dpop_signing_alg".to_owned(), algorithm.into());
    }
    client.into()
}
