//! TLS handshakes as old or careless clients begin them. No library does so any more.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The first message of a client that speaks no TLS 1.3.
pub struct ClientHello {
    /// `(3, 1)` is TLS 1.0.
    pub version: (u8, u8),
    pub cipher_suites: Vec<u16>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// The version and cipher suite that the server takes.
    Hello {
        version: (u8, u8),
        cipher_suite: u16,
    },
    /// A fatal alert (RFC 5246 §7.2).
    Alert(u8),
    /// The end.
    Closed,
}

/// RFC 5246 §7.2.2.
pub const HANDSHAKE_FAILURE: u8 = 40;
pub const PROTOCOL_VERSION: u8 = 70;

impl ClientHello {
    /// Says it to a server that is asked for by this name.
    pub fn to(&self, address: SocketAddr, name: &str) -> Greeting {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let limit = Some(Duration::from_secs(10));
        stream.set_read_timeout(limit).expect("a time limit");
        stream.write_all(&self.record(name)).expect("room");
        let mut header = [0; 5];
        if stream.read_exact(&mut header).is_err() {
            return Greeting::Closed;
        }
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        stream.read_exact(&mut body).expect("a whole record");
        match header[0] {
            21 => Greeting::Alert(body[1]),
            // Handshake header, version, random, session identifier, cipher suite.
            22 => {
                let session = usize::from(body[38]);
                Greeting::Hello {
                    version: (body[4], body[5]),
                    cipher_suite: u16::from_be_bytes([body[39 + session], body[40 + session]]),
                }
            }
            other => panic!("a record of type {other}"),
        }
    }

    fn record(&self, name: &str) -> Vec<u8> {
        let version = [self.version.0, self.version.1];
        let suites: Vec<u8> = self
            .cipher_suites
            .iter()
            .flat_map(|suite| suite.to_be_bytes())
            .collect();
        // RFC 6066 §3; RFC 8422 §5.1; RFC 5246 §7.4.1.4.1.
        let server_name = sized(&[&[0], &sized(name.as_bytes())[..]].concat());
        let groups = sized(&[0, 29, 0, 23, 0, 24]);
        let signatures = sized(&[4, 3, 5, 3, 8, 4, 4, 1, 2, 1, 2, 3]);
        let extensions = [
            extension(0, &server_name),
            extension(10, &groups),
            extension(11, &[1, 0]),
            extension(13, &signatures),
        ]
        .concat();
        let body = [
            &version[..],
            &[0x5a; 32],
            &[0],
            &sized(&suites),
            &[1, 0],
            &sized(&extensions),
        ]
        .concat();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let message = [&[1], &length[1..], &body].concat();
        [&[22, 3, 1], &sized(&message)[..]].concat()
    }
}

/// With its length before it, in two octets.
fn sized(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
    [&length[..], octets].concat()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &sized(content)].concat()
}
