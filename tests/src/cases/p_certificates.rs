//! Group P: tokens that are bound to a client certificate (RFC 8705 §3).

use fapi_core::mtls::{Connection, Peer};
use serde_json::{Value, json};

use crate::case::Case;
use crate::case::Expect::{self, AcceptedByCertificate, Challenge, InvalidToken};
use crate::certificate::{Certificate, percent_encoded};
use crate::introspection::{Reply, changed};
use crate::profile::Profile;
use crate::scene::{CANARY, CAST};
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    connections(&mut cases);
    peers(&mut cases);
    xfcc(&mut cases);
    client_cert(&mut cases);
    cases
}

/// The certificate of the TLS connection itself.
fn connections(cases: &mut Vec<Case>) {
    let bound = || CAST.certificate.confirmation();
    for (id, about, cnf, certificate, expect) in [
        (
            "P20",
            "the self-signed one",
            bound(),
            Some(&CAST.certificate),
            AcceptedByCertificate,
        ),
        ("P02", "none", bound(), None, InvalidToken),
        (
            "P04",
            "the renewed one",
            bound(),
            Some(&CAST.renewed_certificate),
            InvalidToken,
        ),
        (
            "P06",
            "spare bits",
            spare_bits(),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "P06",
            "padding",
            padded(),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "P06",
            "hexadecimal",
            json!({ "x5t#S256": CAST.certificate.hex() }),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "P06",
            "empty",
            json!({ "x5t#S256": "" }),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "P06",
            "a number",
            json!({ "x5t#S256": 1 }),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "P06",
            "the member in lower case",
            json!({ "x5t#s256": CAST.certificate.thumbprint().to_string() }),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "P06",
            "SHA-1's member",
            json!({ "x5t": CAST.certificate.thumbprint().to_string() }),
            Some(&CAST.certificate),
            InvalidToken,
        ),
        (
            "L01",
            "bound to nothing",
            json!({}),
            Some(&CAST.certificate),
            InvalidToken,
        ),
    ] {
        cases.push(bearer(id, about, expect, Profile::Tls, cnf, certificate));
    }
    for (about, certificate) in [
        ("with a certificate", Some(&CAST.certificate)),
        ("without", None),
    ] {
        cases.push(
            Case::request(
                "P02",
                format!("a key's token as Bearer, {about}"),
                InvalidToken,
                move |scene| scene.bearer(&scene.token().build(), certificate),
            )
            .under(Profile::Tls),
        );
    }
    cases.push(
        Case::request("P02", "no credentials but a certificate", Challenge, |_| {
            WireRequest::new("GET", "/accounts").over(shown(&CAST.certificate))
        })
        .under(Profile::Tls),
    );
    // A proof whose key the token does not name proves nothing.
    cases.push(
        Case::request(
            "P02",
            "a certificate's token with a proof",
            InvalidToken,
            |scene| {
                let token = scene
                    .token()
                    .confirmation(CAST.certificate.confirmation())
                    .build();
                scene
                    .get("/accounts", &token)
                    .over(shown(&CAST.certificate))
            },
        )
        .under(Profile::Tls),
    );
    let answer = changed(
        Profile::Tls,
        &json!({ "cnf": CAST.certificate.confirmation() }),
    );
    let token = Reply::json(answer).token();
    for (id, about, certificate, expect) in [
        (
            "P20",
            "a reference token",
            Some(&CAST.certificate),
            AcceptedByCertificate,
        ),
        (
            "P04",
            "a reference token, the renewed one",
            Some(&CAST.renewed_certificate),
            InvalidToken,
        ),
        ("P02", "a reference token, none", None, InvalidToken),
    ] {
        let token = token.clone();
        cases.push(
            Case::request(id, about, expect, move |scene| {
                scene.bearer(&token, certificate)
            })
            .under(Profile::Tls),
        );
    }
    // Only the configured source counts.
    for (about, name, value) in [
        (
            "XFCC beside the connection's",
            "X-Forwarded-Client-Cert",
            format!("Hash={}", CAST.certificate.hex()),
        ),
        (
            "Client-Cert beside the connection's",
            "Client-Cert",
            CAST.certificate.client_cert(),
        ),
    ] {
        cases.push(
            Case::request("P11", about, InvalidToken, move |scene| {
                let token = scene
                    .token()
                    .confirmation(CAST.certificate.confirmation())
                    .build();
                scene
                    .bearer(&token, Some(&CAST.renewed_certificate))
                    .header(name, value.as_str())
            })
            .under(Profile::Tls),
        );
    }
}

/// Whose header is believed.
fn peers(cases: &mut Vec<Case>) {
    let hash = format!("Hash={}", CAST.certificate.hex());
    let certificate = CAST.certificate.client_cert();
    for (about, peer, expect) in [
        ("the proxy", ip("10.1.2.3"), AcceptedByCertificate),
        (
            "the proxy, as a socket for both families shows it",
            ip("::ffff:10.1.2.3"),
            AcceptedByCertificate,
        ),
        ("the internet", ip("203.0.113.9"), InvalidToken),
        ("next to the network", ip("11.0.0.0"), InvalidToken),
        (
            "an IPv6 address that looks like it",
            ip("::10.1.2.3"),
            InvalidToken,
        ),
        ("this host", ip("127.0.0.1"), InvalidToken),
        ("a Unix socket that is not named", Peer::Unix, InvalidToken),
        ("nobody knows", Peer::Unknown, InvalidToken),
    ] {
        cases.push(forwarded(
            "P07",
            about,
            expect,
            Profile::Xfcc,
            peer,
            vec![hash.clone()],
        ));
        cases.push(forwarded(
            "P07",
            about,
            expect,
            Profile::ClientCert,
            peer,
            vec![certificate.clone()],
        ));
    }
    // A hop that names itself decides nothing.
    cases.push(
        Case::request(
            "P07",
            "a stranger who calls himself the proxy",
            InvalidToken,
            move |scene| {
                let token = scene
                    .token()
                    .confirmation(CAST.certificate.confirmation())
                    .build();
                scene
                    .bearer(&token, None)
                    .header("X-Forwarded-Client-Cert", hash.as_str())
                    .header("X-Forwarded-For", "10.1.2.3")
                    .header("Forwarded", "for=10.1.2.3")
                    .over(from(ip("203.0.113.9")))
            },
        )
        .under(Profile::Xfcc),
    );
}

fn xfcc(cases: &mut Vec<Case>) {
    let good = CAST.certificate.hex();
    let other = CAST.renewed_certificate.hex();
    let pem = percent_encoded(&CAST.certificate.pem());
    let one = |text: String| vec![text];
    for (id, about, lines, expect) in [
        (
            "P10",
            "upper case",
            one(format!("Hash={}", good.to_uppercase())),
            AcceptedByCertificate,
        ),
        (
            "P10",
            "a digit less",
            one(format!("Hash={}", &good[1..])),
            InvalidToken,
        ),
        (
            "P10",
            "a digit more",
            one(format!("Hash={good}0")),
            InvalidToken,
        ),
        (
            "P10",
            "no hexadecimal",
            one(format!("Hash=g{}", &good[1..])),
            InvalidToken,
        ),
        (
            "P10",
            "base64url",
            one(format!("Hash={}", CAST.certificate.thumbprint())),
            InvalidToken,
        ),
        (
            "P10",
            "colons",
            one(format!("Hash={}:{}", &good[..2], &good[2..])),
            InvalidToken,
        ),
        ("P10", "empty", one("Hash=".into()), InvalidToken),
        (
            "P10",
            "the RFC's spaces",
            one(format!("Hash = {good}")),
            InvalidToken,
        ),
        (
            "P09",
            "Hash twice",
            one(format!("Hash={good};Hash={good}")),
            InvalidToken,
        ),
        (
            "P09",
            "Hash twice, the second another",
            one(format!("Hash={good};Hash={other}")),
            InvalidToken,
        ),
        (
            "P09",
            "quoted, with separators",
            one(format!(
                r#"By=spiffe://x/y;Subject="CN=a;Hash={other},b\"c";Hash={good}"#
            )),
            AcceptedByCertificate,
        ),
        (
            "P09",
            "a hash in a quoted value",
            one(format!(r#"Subject="Hash={good}";URI=x"#)),
            InvalidToken,
        ),
        (
            "P09",
            "a hash behind an escaped quote",
            one(format!(r#"Subject="\";Hash={good};\"";URI=x"#)),
            InvalidToken,
        ),
        (
            "P09",
            "a hash in another key's name",
            one(format!("XHash={good}")),
            InvalidToken,
        ),
        (
            "P09",
            "a key of another case",
            one(format!("hASH={good}")),
            AcceptedByCertificate,
        ),
        (
            "P09",
            "unknown keys",
            one(format!("Nobody={CANARY};Hash={good};Knows=")),
            AcceptedByCertificate,
        ),
        (
            "P09",
            "a quote that is not closed",
            one(format!(r#"Hash={good};Subject="CN=a"#)),
            InvalidToken,
        ),
        (
            "P09",
            "a quote in the middle",
            one(format!(r#"Subject=a"b";Hash={good}"#)),
            InvalidToken,
        ),
        (
            "P09",
            "no pair",
            one(format!("{CANARY};Hash={good}")),
            InvalidToken,
        ),
        (
            "P09",
            "the client's element on the left",
            one(format!("Hash={other},Hash={good}")),
            AcceptedByCertificate,
        ),
        (
            "P09",
            "the client's element on the left is the good one",
            one(format!("Hash={good},Hash={other}")),
            InvalidToken,
        ),
        (
            "P09",
            "the client's open quote on the left",
            one(format!(r#"Subject="x,Hash={good}"#)),
            InvalidToken,
        ),
        (
            "P09",
            "an empty element on the right",
            one(format!("Hash={good},")),
            InvalidToken,
        ),
        (
            "P09",
            "two lines",
            vec![format!("Hash={other}"), format!("Hash={good}")],
            AcceptedByCertificate,
        ),
        (
            "P09",
            "two lines, the other way round",
            vec![format!("Hash={good}"), format!("Hash={other}")],
            InvalidToken,
        ),
        ("P09", "empty", one(String::new()), InvalidToken),
        (
            "P14",
            "the certificate itself",
            one(format!("Cert=\"{pem}\"")),
            AcceptedByCertificate,
        ),
        (
            "P14",
            "a bad hash and the certificate itself",
            one(format!("Hash=00;Cert=\"{pem}\"")),
            InvalidToken,
        ),
        (
            "P14",
            "another's hash and the certificate itself",
            one(format!("Hash={other};Cert=\"{pem}\"")),
            InvalidToken,
        ),
        (
            "P14",
            "the certificate cut off",
            one(format!("Cert=\"{}\"", &pem[..pem.len() / 2])),
            InvalidToken,
        ),
        (
            "P14",
            "a broken escape",
            one(format!("Cert=\"{pem}%4\"")),
            InvalidToken,
        ),
        (
            "P14",
            "garbage",
            one("Cert=\"%00%FF\"".into()),
            InvalidToken,
        ),
        (
            "P14",
            "the chain alone",
            one(format!("Chain=\"{pem}\"")),
            InvalidToken,
        ),
    ] {
        cases.push(forwarded(
            id,
            about,
            expect,
            Profile::Xfcc,
            ip("10.1.2.3"),
            lines,
        ));
    }
    cases.push(
        Case::request(
            "P11",
            "the proxy's own certificate",
            InvalidToken,
            |scene| {
                let token = scene
                    .token()
                    .confirmation(CAST.certificate.confirmation())
                    .build();
                let peer = from(ip("10.1.2.3")).peer;
                let own = Connection {
                    peer,
                    ..shown(&CAST.certificate)
                };
                scene.bearer(&token, None).over(own)
            },
        )
        .under(Profile::Xfcc),
    );
    cases.push(
        Case::request(
            "P11",
            "the proxy has one certificate and the client another",
            AcceptedByCertificate,
            move |scene| {
                let token = scene
                    .token()
                    .confirmation(CAST.certificate.confirmation())
                    .build();
                let peer = ip("10.1.2.3");
                let own = Connection {
                    peer,
                    ..shown(&CAST.renewed_certificate)
                };
                scene
                    .bearer(&token, None)
                    .header("X-Forwarded-Client-Cert", format!("Hash={good}"))
                    .over(own)
            },
        )
        .under(Profile::Xfcc),
    );
}

fn client_cert(cases: &mut Vec<Case>) {
    let base64 = CAST.certificate.base64();
    let other = CAST.renewed_certificate.client_cert();
    let good = CAST.certificate.client_cert();
    let one = |text: String| vec![text];
    for (about, lines, expect) in [
        (
            "as the RFC has it",
            one(good.clone()),
            AcceptedByCertificate,
        ),
        ("two lines", vec![good.clone(), other], InvalidToken),
        (
            "the same twice",
            vec![good.clone(), good.clone()],
            InvalidToken,
        ),
        ("no colons", one(base64.clone()), InvalidToken),
        ("a parameter", one(format!("{good};a=1")), InvalidToken),
        (
            "percent-encoded PEM",
            one(percent_encoded(&CAST.certificate.pem())),
            InvalidToken,
        ),
        (
            "PEM with its lines folded by tabs",
            one(CAST.certificate.pem().replace('\n', "\t")),
            InvalidToken,
        ),
        (
            "a plus that became a space",
            one(format!(
                ":{}:",
                base64.replace('+', " ").replacen('A', " ", 1)
            )),
            InvalidToken,
        ),
        (
            "base64url",
            one(format!(":{}-:", &base64[..base64.len() - 4])),
            InvalidToken,
        ),
        (
            "cut off",
            one(format!(":{}:", &base64[..base64.len() - 4])),
            InvalidToken,
        ),
        ("no certificate", one(":AAAA:".into()), InvalidToken),
        ("nothing in it", one("::".into()), InvalidToken),
        ("empty", one(String::new()), InvalidToken),
    ] {
        cases.push(forwarded(
            "P14",
            about,
            expect,
            Profile::ClientCert,
            ip("10.1.2.3"),
            lines,
        ));
    }
    let hash = format!("Hash={}", CAST.certificate.hex());
    cases.push(
        Case::request(
            "P11",
            "XFCC where Client-Cert is the source",
            InvalidToken,
            move |scene| {
                let token = scene
                    .token()
                    .confirmation(CAST.certificate.confirmation())
                    .build();
                scene
                    .bearer(&token, None)
                    .header("X-Forwarded-Client-Cert", hash.as_str())
                    .over(from(ip("10.1.2.3")))
            },
        )
        .under(Profile::ClientCert),
    );
}

fn spare_bits() -> Value {
    let good = CAST.certificate.thumbprint().to_string();
    let (start, last) = good.split_at(good.len() - 1);
    // 43 characters are 258 bits: of the last one, two do not count.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.find(last).expect("base64url") + 1;
    json!({ "x5t#S256": format!("{start}{}", &alphabet[next..=next]) })
}

fn padded() -> Value {
    json!({ "x5t#S256": format!("{}=", CAST.certificate.thumbprint()) })
}

fn ip(address: &str) -> Peer {
    Peer::Ip(address.parse().expect("an address"))
}

fn from(peer: Peer) -> Connection {
    Connection {
        peer,
        certificate: None,
    }
}

fn shown(certificate: &Certificate) -> Connection {
    Connection {
        peer: Peer::Unknown,
        certificate: Some(certificate.thumbprint()),
    }
}

/// A Bearer request over a connection on which this certificate was shown.
fn bearer(
    id: &'static str,
    about: &str,
    expect: Expect,
    profile: Profile,
    cnf: Value,
    certificate: Option<&'static Certificate>,
) -> Case {
    Case::request(id, about, expect, move |scene| {
        let token = scene.token().confirmation(cnf.clone()).build();
        scene.bearer(&token, certificate)
    })
    .under(profile)
}

/// A Bearer request, its token bound to the certificate, with these lines of the profile's header.
fn forwarded(
    id: &'static str,
    about: &str,
    expect: Expect,
    profile: Profile,
    peer: Peer,
    lines: Vec<String>,
) -> Case {
    let name = match profile {
        Profile::Xfcc => "X-Forwarded-Client-Cert",
        _ => "Client-Cert",
    };
    Case::request(id, about, expect, move |scene| {
        let token = scene
            .token()
            .confirmation(CAST.certificate.confirmation())
            .build();
        let request = scene.bearer(&token, None).over(from(peer));
        lines
            .iter()
            .fold(request, |request, line| request.header(name, line.as_str()))
    })
    .under(profile)
}
