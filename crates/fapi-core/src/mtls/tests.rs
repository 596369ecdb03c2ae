//! What a request presents, for each source, peer and connection.

use super::samples::{FIRST, SECOND, percent_encoded};
use super::*;

use CertificateFrom::{ClientCert, Tls, Xfcc};
use PresentedCertificate::{Absent, Certificate, Malformed, Untrusted};

const PROXY: &str = "10.1.2.3";
const STRANGER: &str = "203.0.113.9";

fn policy(certificate_from: CertificateFrom) -> CertificatePolicy {
    CertificatePolicy::new(&MtlsConfig {
        certificate_from,
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..MtlsConfig::default()
    })
}

fn from(peer: &str) -> Connection {
    Connection {
        peer: Peer::Ip(peer.parse().unwrap()),
        certificate: None,
    }
}

fn first() -> PresentedCertificate {
    Certificate(FIRST.thumbprint())
}

fn second() -> PresentedCertificate {
    Certificate(SECOND.thumbprint())
}

/// A line of each header that names the sample.
fn line(source: CertificateFrom, sample: &samples::Sample) -> String {
    match source {
        ClientCert => format!(":{}:", sample.base64()),
        Xfcc | Tls => format!("By=a;Hash={}", sample.sha256),
    }
}

#[test]
fn names_the_header() {
    assert_eq!(policy(Tls).header(), None);
    assert_eq!(policy(Xfcc).header(), Some("x-forwarded-client-cert"));
    assert_eq!(policy(ClientCert).header(), Some("client-cert"));
}

/// P02.
#[test]
fn without_a_certificate_there_is_none() {
    for source in [Tls, Xfcc, ClientCert] {
        for peer in [PROXY, STRANGER] {
            assert_eq!(policy(source).presented(&from(peer), []), Absent);
        }
    }
}

/// P04: the hash is of the certificate, not of its key.
#[test]
fn a_renewed_certificate_is_another() {
    for source in [Xfcc, ClientCert] {
        let renewed = line(source, &SECOND);
        let presented = policy(source).presented(&from(PROXY), [renewed.as_bytes()]);
        assert_eq!(presented, second());
        assert_ne!(presented, first());
    }
}

/// P07.
#[test]
fn a_header_counts_only_from_a_trusted_peer() {
    let peers = [
        (Peer::Ip(PROXY.parse().unwrap()), true),
        (Peer::Ip("::ffff:10.1.2.3".parse().unwrap()), true),
        (Peer::Ip(STRANGER.parse().unwrap()), false),
        (Peer::Ip("::1".parse().unwrap()), false),
        (Peer::Unix, false),
        (Peer::Unknown, false),
    ];
    for source in [Xfcc, ClientCert] {
        let good = line(source, &FIRST);
        for (peer, trusted) in peers {
            let connection = Connection {
                peer,
                certificate: None,
            };
            let expected = if trusted { first() } else { Untrusted };
            let presented = policy(source).presented(&connection, [good.as_bytes()]);
            assert_eq!(presented, expected, "{source:?} {peer:?}");
            // A stranger's header is not even read.
            let presented = policy(source).presented(&connection, [&b"\""[..]]);
            assert_eq!(matches!(presented, Malformed(_)), trusted, "{presented:?}");
            assert_eq!(presented.certificate(), None);
        }
    }
}

/// P11: the connection's certificate is `FIRST`, the header's `SECOND`.
#[test]
fn the_configured_source_decides_alone() {
    for (source, peer, with_header, without_header) in [
        (Tls, PROXY, first(), first()),
        (Tls, STRANGER, first(), first()),
        (Xfcc, PROXY, second(), Absent),
        (Xfcc, STRANGER, Untrusted, Absent),
        (ClientCert, PROXY, second(), Absent),
        (ClientCert, STRANGER, Untrusted, Absent),
    ] {
        let connection = Connection {
            certificate: Some(FIRST.thumbprint()),
            ..from(peer)
        };
        let header = line(source, &SECOND);
        let presented = policy(source).presented(&connection, [header.as_bytes()]);
        assert_eq!(presented, with_header, "{source:?} {peer}");
        let presented = policy(source).presented(&connection, []);
        assert_eq!(presented, without_header, "{source:?} {peer}");
    }
}

/// P09, P10, P14: the connection's certificate does not stand in for a header that is wrong.
#[test]
fn a_malformed_header_is_no_certificate() {
    let folded = format!("Cert=\"{}\"", FIRST.pem.replace('\n', "+"));
    let twice = format!("Hash={0};Hash={0}", FIRST.sha256);
    let cut = FIRST.base64();
    let cut = cut.trim_end_matches('=');
    let connection = Connection {
        certificate: Some(FIRST.thumbprint()),
        ..from(PROXY)
    };
    let xfcc = CertificateHeaderError::Xfcc;
    let client_cert = CertificateHeaderError::ClientCert;
    for (source, lines, expected) in [
        (Xfcc, vec!["Hash=00"], xfcc(XfccError::Hash)),
        (Xfcc, vec![&twice], xfcc(XfccError::Duplicate)),
        (Xfcc, vec!["Subject=\"", "By=a"], xfcc(XfccError::Quotes)),
        (
            Xfcc,
            vec![&folded],
            xfcc(XfccError::Cert(CertificateError::Armour)),
        ),
        (
            ClientCert,
            vec![cut],
            client_cert(ClientCertError::NotByteSequence),
        ),
        (
            ClientCert,
            vec![":AA==:", ":AA==:"],
            client_cert(ClientCertError::Several),
        ),
    ] {
        let presented =
            policy(source).presented(&connection, lines.iter().map(|line| line.as_bytes()));
        assert_eq!(presented, Malformed(expected));
        assert_eq!(presented.certificate(), None);
    }
}

/// P14, P20: a self-signed certificate, as Envoy writes it when asked for `cert` alone.
#[test]
fn a_certificate_in_the_header_is_hashed() {
    let header = format!("Cert=\"{}\"", percent_encoded(FIRST.pem));
    let presented = policy(Xfcc).presented(&from(PROXY), [header.as_bytes()]);
    assert_eq!(presented, first());
}

#[test]
fn hops_come_from_the_configuration() {
    let mut config = MtlsConfig {
        certificate_from: Xfcc,
        trusted_proxies: vec!["unix".parse().unwrap()],
        ..MtlsConfig::default()
    };
    let connection = Connection {
        peer: Peer::Unix,
        certificate: None,
    };
    let lines = [line(Xfcc, &FIRST), line(Xfcc, &SECOND)];
    for (hops, expected) in [(1, second()), (2, first()), (3, Absent)] {
        config.trusted_hops = hops;
        let policy = CertificatePolicy::new(&config);
        assert_eq!(policy.source(), CertificateSource::Xfcc { hops });
        let presented = policy.presented(&connection, lines.iter().map(|line| line.as_bytes()));
        assert_eq!(presented, expected, "{hops}");
    }
}
