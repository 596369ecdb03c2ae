//! HTTP/1.1 from a client's side, byte for byte.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::wire::{Answer, WireRequest};

/// Opens a connection that does not wait for ever.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    connection.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(connection)
}

/// Sends one request over a connection of its own and gives the status.
pub fn status_of(address: SocketAddr, request: &WireRequest) -> io::Result<u16> {
    Ok(exchange(&mut connect(address)?, request)?.0.status)
}

/// Sends one request and reads its answer, and whether the connection can be used again.
pub fn exchange(
    connection: &mut (impl Read + Write),
    request: &WireRequest,
) -> io::Result<(Answer, bool)> {
    // A server that has heard enough may stop listening and still answer.
    let written = connection.write_all(&request.to_bytes());
    match read_answer(connection, &request.method) {
        Ok((answer, reuse)) => Ok((answer, reuse && written.is_ok())),
        Err(error) => Err(written.err().unwrap_or(error)),
    }
}

fn read_answer(connection: &mut impl Read, method: &str) -> io::Result<(Answer, bool)> {
    let mut bytes = Vec::new();
    let end = read_until(connection, &mut bytes, b"\r\n\r\n")?;
    let rest = bytes.split_off(end);
    let mut answer = parse_head(&bytes);
    let length = answer
        .header("content-length")
        .next()
        .and_then(|length| length.parse::<usize>().ok());
    let chunked = answer
        .header("transfer-encoding")
        .any(|value| value == "chunked");
    let reuse = match length {
        _ if method == "CONNECT" => false,
        _ if method == "HEAD" => true,
        Some(length) => {
            let mut missing = vec![0; length.saturating_sub(rest.len())];
            connection.read_exact(&mut missing)?;
            answer.body = [rest, missing].concat();
            true
        }
        None if chunked => {
            answer.body = read_chunks(connection, rest)?;
            true
        }
        None => false,
    };
    answer.grpc = grpc_code(&answer);
    answer.status = answer.grpc.map_or(answer.status, meant_by);
    let closes = answer.header("connection").any(|value| value == "close");
    Ok((answer, reuse && !closes))
}

/// Reads on until `mark` has been read; gives where it ends.
fn read_until(connection: &mut impl Read, bytes: &mut Vec<u8>, mark: &[u8]) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    loop {
        let found = bytes.windows(mark.len()).position(|part| part == mark);
        if let Some(start) = found {
            return Ok(start + mark.len());
        }
        match connection.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// Reads a body in chunks without extensions and trailers (RFC 9112 §7.1), of which `bytes` were read already.
fn read_chunks(connection: &mut impl Read, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let start = read_until(connection, &mut bytes, b"\r\n")?;
        let digits = str::from_utf8(&bytes[..start - 2]).unwrap_or_default();
        let length = usize::from_str_radix(digits, 16)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let end = start + length + 2;
        let mut missing = vec![0; end.saturating_sub(bytes.len())];
        connection.read_exact(&mut missing)?;
        bytes.extend(missing);
        body.extend_from_slice(&bytes[start..end - 2]);
        bytes.drain(..end);
        if length == 0 {
            return Ok(body);
        }
    }
}

/// The code of a gRPC refusal: on the wire it is 200, trailers only, with the code as `grpc-status`.
fn grpc_code(answer: &Answer) -> Option<u8> {
    let code = answer.header("grpc-status").next()?;
    assert_eq!(answer.status, 200, "gRPC answers 200");
    let types: Vec<&str> = answer.header("content-type").collect();
    assert_eq!(types, ["application/grpc"]);
    Some(code.parse().expect("a number"))
}

/// The HTTP status that a gRPC code stands for.
fn meant_by(code: u8) -> u16 {
    match code {
        3 => 400,
        7 => 403,
        8 => 429,
        14 => 503,
        16 => 401,
        other => unreachable!("a gRPC code that no denial has: {other}"),
    }
}

fn parse_head(head: &[u8]) -> Answer {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().and_then(|line| line.get(9..12));
    let status = status.and_then(|status| str::from_utf8(status).ok()?.parse().ok());
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        Some((name, line[colon + 1..].trim_ascii().to_vec()))
    });
    Answer {
        status: status.unwrap_or(0),
        headers: headers.collect(),
        ..Answer::default()
    }
}
