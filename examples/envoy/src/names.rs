//! What the containers call each other. The documents in `compose/` say the same.

/// The issuer identifier.
pub(crate) const ISSUER: &str = "https://issuer:8443";
/// The host in it.
pub(crate) const ISSUER_HOST: &str = "issuer";
/// The API as clients see it: Envoy.
pub(crate) const API: &str = "https://envoy:8443";
/// The host in it.
pub(crate) const API_HOST: &str = "envoy";
/// Another API, for which the client may have tokens too.
pub(crate) const OTHER_API: &str = "https://other.example.com";

/// The certificate authority that everybody trusts.
pub(crate) const CA: &str = "ca.pem";
/// A server's certificate.
pub(crate) const CERTIFICATE: &str = "certificate.pem";
/// Its private key.
pub(crate) const KEY: &str = "key.pem";
/// The issuer's key for tokens.
pub(crate) const SIGNING_KEY: &str = "signing-key.json";
/// The issuer's document.
pub(crate) const ISSUER_DOCUMENT: &str = "issuer.json";
/// The client's keys.
pub(crate) const CLIENT_DOCUMENT: &str = "client.json";

#[cfg(test)]
mod tests {
    use example_quickstart::client::CLIENT_ID;
    use fapi_core::Policy;
    use serde_json::Value;
    use tower_fapi::FapiConfig;

    use super::*;

    #[test]
    fn the_issuers_document_says_the_same() {
        let document: Value = serde_json::from_str(include_str!("../compose/issuer.json")).unwrap();

        assert_eq!(document["issuer"], ISSUER);
        assert_eq!(
            document["signing_keys"][0]["file"],
            format!("/state/{SIGNING_KEY}")
        );
        assert_eq!(document["clients"][0]["client_id"], CLIENT_ID);
        let audiences = document["clients"][0]["audiences"].as_array().unwrap();
        assert_eq!(audiences, &[API, OTHER_API]);
    }

    #[test]
    fn the_filters_configuration_can_be_used_and_says_the_same() {
        let envoy = include_str!("../compose/envoy.yaml");
        let (_, after) = envoy.split_once("value: |").unwrap();
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let document = values.next().unwrap().unwrap();

        let config = FapiConfig::from_json(&document.to_string()).unwrap();
        Policy::new(&config).unwrap();
        assert_eq!(document["resource"], API);
        assert_eq!(document["issuers"][0]["issuer"], ISSUER);
    }

    #[test]
    fn each_url_is_at_its_host() {
        assert!(API.starts_with(&format!("https://{API_HOST}:")));
        assert!(ISSUER.starts_with(&format!("https://{ISSUER_HOST}:")));
    }
}
