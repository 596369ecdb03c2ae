//! Tokens that are bound to the client's certificate (RFC 8705).

use serde_json::json;

use super::*;

const DIGEST: &str = "1ba52ddb65e56e11162abadbebb9350c19d71ff9454b4e9a22000579af374028";

fn document(cast: &Cast, mtls: Value) -> Value {
    let mut document = cast.document();
    document["dpop"]["required"] = false.into();
    document["mtls"] = mtls;
    document
}

/// A request with a token that is bound to the certificate.
fn request(cast: &Cast) -> Vec<(&'static str, Vec<u8>)> {
    let (digits, _) = DIGEST.as_bytes().as_chunks::<2>();
    let bytes: Vec<u8> = digits
        .iter()
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let mut claims = cast.claims();
    claims["cnf"] = json!({ "x5t#S256": URL_SAFE_NO_PAD.encode(bytes) });
    let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "k1" });
    let token = cast.issuer.sign(&header, &claims);
    vec![
        (":method", b"GET".to_vec()),
        (":path", b"/accounts".to_vec()),
        ("authorization", format!("Bearer {token}").into()),
    ]
}

fn worker_with(document: &Value, properties: &[(&str, &[u8])]) -> Worker {
    let owned = properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_vec()));
    Worker::start_with(&document.to_string(), &Rc::default(), |world| {
        world.properties.extend(owned);
    })
    .unwrap()
}

#[test]
fn the_connections_certificate_counts_if_the_peer_presented_one() {
    let cast = Cast::new();
    let document = document(&cast, json!({ "certificate_from": "tls" }));
    let digest = (
        "connection.sha256_peer_certificate_digest",
        DIGEST.as_bytes(),
    );
    let other = DIGEST.replace('1', "2");
    let other = (
        "connection.sha256_peer_certificate_digest",
        other.as_bytes(),
    );
    for (properties, status) in [
        (&[("connection.mtls", &[1][..]), digest][..], 0),
        (&[("connection.mtls", &[0][..]), digest], 401),
        (&[digest], 401),
        (&[("connection.mtls", &[1][..]), other], 401),
        (&[("connection.mtls", &[1][..])], 401),
        (&[], 401),
    ] {
        let mut worker = worker_with(&document, properties);
        let mut request = request(&cast);
        // A header is not what counts here.
        let header = format!("Hash={DIGEST}").into_bytes();
        request.push(("x-forwarded-client-cert", header));
        let id = send(&mut worker, &request);
        assert_eq!(worker.status(id), status, "{properties:?}");
    }
}

#[test]
fn a_header_counts_from_a_trusted_hop_alone() {
    let cast = Cast::new();
    let mtls = json!({ "certificate_from": "xfcc", "trusted_proxies": ["10.0.0.0/8", "unix"] });
    let document = document(&cast, mtls);
    for (peer, status) in [
        (&b"10.1.2.3:4567"[..], 0),
        (b"[::ffff:10.1.2.3]:4567", 0),
        (b"/run/envoy.sock", 0),
        (b"@hop", 0),
        (b"203.0.113.9:4567", 401),
        (b"10.1.2.3", 401),
        (b"", 401),
        (b"\xff", 401),
    ] {
        let mut worker = worker_with(&document, &[("source.address", peer)]);
        let mut request = request(&cast);
        let header = format!("By=x;Hash={DIGEST}").into_bytes();
        request.push(("x-forwarded-client-cert", header));
        let id = send(&mut worker, &request);
        assert_eq!(worker.status(id), status, "{peer:?}");
    }
}
