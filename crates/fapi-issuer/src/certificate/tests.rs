//! What certificates are worth.

use std::fs;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::{KeySet, UnixTime};
use http::{Extensions, HeaderMap};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256,
    SanType, date_time_ymd,
};
use serde_json::{Value, json};

use super::*;
use crate::Client;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// `CN=client,O=Example`, with one alternative name of each kind.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let name = &mut params.distinguished_name;
    name.push(DnType::OrganizationName, "Example");
    name.push(DnType::CommonName, "client");
    params.subject_alt_names = vec![
        SanType::DnsName("client.example.com".try_into().unwrap()),
        SanType::URI("https://client.example.com/A".try_into().unwrap()),
        SanType::IpAddress(IpAddr::from([192, 0, 2, 1])),
        SanType::Rfc822Name("client@example.com".try_into().unwrap()),
    ];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn issued(params: &CertificateParams, authority: &Authority) -> Vec<u8> {
    let certificate = params.signed_by(&KeyPair::generate().unwrap(), authority);
    certificate.unwrap().der().to_vec()
}

fn subject(member: &str, value: &str) -> Result<Subject, ConfigError> {
    let document = json!({ "client_id": "c", member: value }).to_string();
    Subject::of_client(&Client::from_json(&document).unwrap(), "client")
}

/// What a request over a connection with this certificate shows.
fn shown(certificates: &Certificates, own: Vec<u8>) -> Shown {
    let mut extensions = Extensions::new();
    extensions.insert(ClientCertificate::new(own, []));
    let shown = certificates.shown(&extensions, &HeaderMap::new());
    shown.unwrap()
}

/// Those of connections, which an authority must have certified.
fn of_authority(authority: &Authority) -> Certificates {
    let random: [u8; 8] = fapi_crypto::random_bytes().unwrap();
    let name = format!("fapi-issuer-ca-{}.pem", URL_SAFE_NO_PAD.encode(random));
    let path = std::env::temp_dir().join(name);
    fs::write(&path, authority.pem()).unwrap();
    let certificates = certificates_of(json!({ "client_ca": path }));
    fs::remove_file(&path).unwrap();
    certificates
}

fn certificates_of(mut document: Value) -> Certificates {
    document["origin"] = "https://mtls.as.example.com".into();
    let config = serde_json::from_value(document).unwrap();
    Certificates::new(&config).unwrap()
}

#[test]
fn the_registered_attribute_must_be_in_the_certificate_exactly() {
    let authority = authority();
    let certificates = of_authority(&authority);
    let shown = shown(&certificates, issued(&params(), &authority));
    for (member, right, wrong) in [
        (
            "tls_client_auth_subject_dn",
            "cn=Client, O=Example",
            "O=Example,CN=client",
        ),
        (
            "tls_client_auth_san_dns",
            "CLIENT.example.com",
            "*.example.com",
        ),
        (
            "tls_client_auth_san_uri",
            "https://client.example.com/A",
            "https://client.example.com/a",
        ),
        ("tls_client_auth_san_ip", "192.0.2.1", "192.0.2.2"),
        (
            "tls_client_auth_san_email",
            "client@example.com",
            "Client@example.com",
        ),
    ] {
        let check = |value| {
            let subject = subject(member, value).unwrap();
            certificates.check_subject(&shown, &subject, NOW)
        };
        assert_eq!(check(right), Ok(()), "{member}");
        assert_eq!(
            check(wrong),
            Err(CertificateProblem::OtherSubject),
            "{member}"
        );
    }
}

#[test]
fn a_client_has_one_attribute() {
    for document in [
        json!({ "client_id": "c" }),
        json!({ "client_id": "c", "tls_client_auth_san_dns": "a", "tls_client_auth_san_uri": "b" }),
        json!({ "client_id": "c", "tls_client_auth_san_dns": "" }),
        json!({ "client_id": "c", "tls_client_auth_san_ip": "client" }),
        json!({ "client_id": "c", "tls_client_auth_subject_dn": "client" }),
    ] {
        let client = Client::from_json(&document.to_string()).unwrap();
        assert!(Subject::of_client(&client, "client").is_err(), "{document}");
    }
    assert!(subject("tls_client_auth_san_ip", "2001:db8::1").is_ok());
}

#[test]
fn a_certificate_needs_a_path_to_the_authority_now_and_for_clients() {
    let (authority, other) = (authority(), authority());
    let certificates = of_authority(&authority);
    let subject = subject("tls_client_auth_san_dns", "client.example.com").unwrap();
    let check = |own, now| {
        let shown = shown(&certificates, own);
        certificates.check_subject(&shown, &subject, now)
    };
    assert_eq!(check(issued(&params(), &authority), NOW), Ok(()));

    let mut short = params();
    (short.not_before, short.not_after) = (date_time_ymd(2023, 1, 1), date_time_ymd(2024, 1, 1));
    let short = issued(&short, &authority);
    let mut of_server = params();
    of_server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let self_signed = params().self_signed(&KeyPair::generate().unwrap()).unwrap();
    let year = 365 * 24 * 3600;
    assert_eq!(check(short.clone(), NOW), Ok(()));
    for (own, now) in [
        (issued(&params(), &other), NOW),
        (self_signed.der().to_vec(), NOW),
        (issued(&of_server, &authority), NOW),
        (short.clone(), NOW.plus(year)),
        (short, NOW.plus(-year)),
        (b"no certificate".to_vec(), NOW),
    ] {
        assert_eq!(check(own, now), Err(CertificateProblem::Chain));
    }
}

/// The path through an authority that the client has sent along.
#[test]
fn authorities_in_between_come_from_the_client() {
    let root = authority();
    let mut params_between = CertificateParams::default();
    params_between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let between = CertifiedIssuer::signed_by(params_between, KeyPair::generate().unwrap(), &root);
    let between = between.unwrap();
    let own = params().signed_by(&KeyPair::generate().unwrap(), &between);
    let own = own.unwrap().der().to_vec();
    let certificates = of_authority(&root);
    let subject = subject("tls_client_auth_san_dns", "client.example.com").unwrap();
    for (others, expected) in [
        (vec![between.der().to_vec()], Ok(())),
        (Vec::new(), Err(CertificateProblem::Chain)),
    ] {
        let mut extensions = Extensions::new();
        extensions.insert(ClientCertificate::new(own.clone(), others));
        let shown = certificates.shown(&extensions, &HeaderMap::new()).unwrap();
        assert_eq!(certificates.check_subject(&shown, &subject, NOW), expected);
    }
}

#[test]
fn keys_are_compared_with_those_of_a_key_set() {
    let certificates = certificates_of(json!({}));
    let base64 = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519, &PKCS_RSA_SHA256] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let raw = key.public_key_raw();
        let jwk = match raw.len() {
            65 => {
                json!({ "kty": "EC", "crv": "P-256", "x": base64(&raw[1..33]), "y": base64(&raw[33..]) })
            }
            32 => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(raw) }),
            // RFC 8017 A.1.1: a sequence of the modulus, of 2048 bits, and the exponent.
            _ => json!({ "kty": "RSA", "n": base64(&raw[9..265]), "e": base64(&raw[267..]) }),
        };
        let keys = json!({ "keys": [jwk] }).to_string();
        let keys = KeySet::from_json(keys.as_bytes()).unwrap();
        let own = params().self_signed(&key).unwrap().der().to_vec();
        let thumbprint = shown(&certificates, own).key().unwrap();
        assert!(keys.contains(&thumbprint), "{jwk}");
        let other = params().self_signed(&KeyPair::generate().unwrap()).unwrap();
        let other = shown(&certificates, other.der().to_vec()).key().unwrap();
        assert!(!keys.contains(&other));
    }
    let unreadable = shown(&certificates, b"no certificate".to_vec()).key();
    assert_eq!(unreadable.err(), Some(CertificateProblem::Unreadable));
}

/// RFC 9440: believed from the proxy alone.
#[test]
fn a_header_counts_if_its_sender_does() {
    let certificates = certificates_of(json!({
        "certificate_from": "client-cert", "trusted_proxies": ["192.0.2.0/24"],
    }));
    let own = params().self_signed(&KeyPair::generate().unwrap()).unwrap();
    let mut headers = HeaderMap::new();
    let line = format!(":{}:", STANDARD.encode(own.der()));
    headers.insert("client-cert", line.parse().unwrap());
    let from = |peer: [u8; 4]| {
        let mut extensions = Extensions::new();
        extensions.insert(Peer::Ip(IpAddr::from(peer)));
        // That of the proxy itself, which says nothing of the client.
        extensions.insert(ClientCertificate::new(b"proxy".to_vec(), []));
        certificates.shown(&extensions, &headers)
    };
    let shown = from([192, 0, 2, 7]).unwrap();
    assert_eq!(shown.thumbprint(), CertificateThumbprint::of_der(own.der()));
    let subject = subject("tls_client_auth_san_dns", "client.example.com").unwrap();
    // Nobody has issued it but its sender.
    let checked = certificates.check_subject(&shown, &subject, NOW);
    assert_eq!(checked, Err(CertificateProblem::Chain));
    assert!(from([198, 51, 100, 7]).is_none());
}

/// Envoy tells the hash: enough to bind a token, not to know a client.
#[test]
fn a_hash_alone_is_no_authentication() {
    let certificates = certificates_of(json!({
        "certificate_from": "xfcc", "trusted_proxies": ["192.0.2.0/24"],
    }));
    assert!(!certificates.are_whole() && !certificates.has_authority());
    let mut extensions = Extensions::new();
    extensions.insert(Peer::Ip(IpAddr::from([192, 0, 2, 7])));
    let mut headers = HeaderMap::new();
    let line = format!("Hash={}", "ab".repeat(32));
    headers.insert("x-forwarded-client-cert", line.parse().unwrap());
    let shown = certificates.shown(&extensions, &headers).unwrap();
    assert_eq!(shown.key().err(), Some(CertificateProblem::Unreadable));
    assert_eq!(
        shown.thumbprint(),
        CertificateThumbprint::from_bytes([0xab; 32])
    );
}
