//! The TLS tests of `happy-flow` (resource server) and `ensure-holder-of-key-required` (issuer).

use fapi_tests::suite::{
    CAST, ClientHello, Greeting, HANDSHAKE_FAILURE, Nonces, PROTOCOL_VERSION, World,
};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ProtocolVersion, SupportedProtocolVersion, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The sockets, by the hosts that are behind them.
const HOSTS: [&str; 3] = ["rs.example.com", "as.example.com", "mtls.as.example.com"];

/// BCP 195 (RFC 9325 §4.2), as FAPI 2.0 Security Profile §5.2.2 restricts it: ECDHE with ECDSA or RSA, and AES-GCM. ChaCha20
/// is as good, and clients may choose it.
const GOOD_SUITES: [u16; 6] = [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];

/// Says something to each socket, from a thread of its own: the servers run on this one.
async fn greetings(hello: impl Fn() -> ClientHello) -> Vec<Greeting> {
    let world = World::start(Nonces::Off).await;
    let mut greetings = Vec::new();
    for host in HOSTS {
        let (hello, address) = (hello(), world.address(host));
        let said = tokio::task::spawn_blocking(move || hello.to(address, host));
        greetings.push(said.await.unwrap());
    }
    greetings
}

#[tokio::test]
async fn tls_1_0_and_1_1_are_refused() {
    for version in [(3, 1), (3, 2)] {
        let hello = || ClientHello {
            version,
            cipher_suites: vec![0xc013, 0xc014, 0xc009, 0xc00a, 0x002f, 0x0035],
        };
        for greeting in greetings(hello).await {
            let is_refused = match greeting {
                Greeting::Alert(alert) => [HANDSHAKE_FAILURE, PROTOCOL_VERSION].contains(&alert),
                Greeting::Closed => true,
                Greeting::Hello { .. } => false,
            };
            assert!(is_refused, "{version:?}: {greeting:?}");
        }
    }
}

#[tokio::test]
async fn under_tls_1_2_only_good_cipher_suites_can_be_had() {
    let bad = || ClientHello {
        version: (3, 3),
        cipher_suites: (0x0001..=0x00ff)
            .chain(0xc001..=0xc0ff)
            .chain(0xcca8..=0xccae)
            .filter(|suite| !GOOD_SUITES.contains(suite))
            .collect(),
    };
    for greeting in greetings(bad).await {
        let is_refused = !matches!(greeting, Greeting::Hello { .. });
        assert!(is_refused, "{greeting:?}");
    }
    let good = || ClientHello {
        version: (3, 3),
        cipher_suites: GOOD_SUITES.to_vec(),
    };
    for greeting in greetings(good).await {
        let Greeting::Hello {
            version,
            cipher_suite,
        } = greeting
        else {
            panic!("{greeting:?}");
        };
        assert_eq!(version, (3, 3));
        assert!(GOOD_SUITES.contains(&cipher_suite), "{cipher_suite:#x}");
    }
}

#[tokio::test]
async fn tls_1_3_is_preferred_and_1_2_is_spoken() {
    let world = World::start(Nonces::Off).await;
    let both: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];
    let old: &[&SupportedProtocolVersion] = &[&version::TLS12];
    for host in HOSTS {
        for (offered, expected) in [
            (both, ProtocolVersion::TLSv1_3),
            (old, ProtocolVersion::TLSv1_2),
        ] {
            let tls = Arc::new(CAST.authority.client_config_of(offered));
            let stream = TcpStream::connect(world.address(host)).await.unwrap();
            let name = ServerName::try_from(host).unwrap();
            let stream = TlsConnector::from(tls).connect(name, stream).await.unwrap();
            let spoken = stream.get_ref().1.protocol_version();
            assert_eq!(spoken, Some(expected), "{host}");
        }
    }
}
