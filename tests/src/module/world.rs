//! What Envoy is to one worker of the filter.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::faults::Faults;
use super::guest::length;
use crate::random::Random;

pub type Header = (Vec<u8>, Vec<u8>);

/// The data of a `vm_id`: values with the numbers of their last writes.
#[derive(Default)]
pub struct SharedData {
    values: BTreeMap<String, (Vec<u8>, u32)>,
    writes: u32,
}

/// Whether the host has `verify_signature`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignFunctions {
    #[default]
    There,
    Missing,
}

/// Envoy, as one worker's VM sees it.
#[derive(Default)]
pub struct World {
    /// Since 1970.
    pub now: Duration,
    pub configuration: Vec<u8>,
    /// By path, its names joined by dots.
    pub properties: BTreeMap<String, Vec<u8>>,
    pub shared: Rc<RefCell<SharedData>>,
    pub foreign_functions: ForeignFunctions,
    pub faults: Faults,
    pub streams: BTreeMap<u32, Stream>,
    /// Calls that were made, the oldest first.
    pub calls: Vec<Sent>,
    pub log: Vec<String>,
    pub counters: BTreeMap<String, u64>,
    /// What no filter may do, and this one did.
    pub offences: Vec<&'static str>,
    pub(super) counter_names: Vec<String>,
    /// The call that is being answered.
    pub(super) answer: Option<(Vec<Header>, Vec<u8>)>,
    /// The context that calls concern.
    pub(super) context: u32,
    pub(super) random: Option<Random>,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    pub request: Vec<Header>,
    /// What the host says instead of the request's headers, whether it makes sense or not.
    pub raw_request: Option<Vec<u8>>,
    pub response: Vec<Header>,
    pub properties: BTreeMap<String, Vec<u8>>,
    /// The filter's own answer.
    pub reply: Option<Reply>,
    /// It went on to the upstream.
    pub forwarded: bool,
}

/// An answer of the filter.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u32,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
    /// The gRPC status, or -1.
    pub grpc: i32,
}

/// A call through a cluster.
#[derive(Clone, Debug)]
pub struct Sent {
    pub number: u32,
    pub context: u32,
    pub cluster: String,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl SharedData {
    pub(super) fn get(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.values.get(key).cloned()
    }

    /// As Envoy does it: what is not there is written whatever the number, and 0 is no condition.
    pub(super) fn set(&mut self, key: String, value: Vec<u8>, cas: u32) -> bool {
        let held = self.values.get(&key);
        if held.is_some_and(|(_, held)| cas != 0 && cas != *held) {
            return false;
        }
        self.writes += 1;
        self.values.insert(key, (value, self.writes));
        true
    }
}

impl World {
    /// The stream that calls concern, unless it has gone.
    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        self.streams.get_mut(&self.context)
    }

    pub(super) fn random(&mut self) -> &mut Random {
        self.random.get_or_insert_with(|| Random::new(1))
    }

    /// The headers of this map in the form of the ABI.
    pub(super) fn map(&mut self, map: u32) -> Option<Vec<u8>> {
        match map {
            CALL_RESPONSE => self.answer.as_ref().map(|(headers, _)| encode(headers)),
            REQUEST => self.stream().map(|stream| {
                let raw = stream.raw_request.clone();
                raw.unwrap_or_else(|| encode(&stream.request))
            }),
            RESPONSE => self.stream().map(|stream| encode(&stream.response)),
            _ => None,
        }
    }

    /// The headers that may be changed.
    pub(super) fn map_mut(&mut self, map: u32) -> Option<&mut Vec<Header>> {
        let late = self.stream()?.forwarded && map == REQUEST;
        if late {
            self.offences
                .push("a request's header changed after it went on");
        }
        let stream = self.stream()?;
        match map {
            REQUEST => Some(&mut stream.request),
            RESPONSE => Some(&mut stream.response),
            _ => None,
        }
    }
}

impl Stream {
    /// The values of this request header.
    pub fn request_values(&self, name: &str) -> Vec<String> {
        values(&self.request, name)
    }
}

impl Reply {
    /// The values of this header.
    pub fn values(&self, name: &str) -> Vec<String> {
        values(&self.headers, name)
    }
}

impl Sent {
    pub fn path(&self) -> String {
        values(&self.headers, ":path").concat()
    }
}

pub(super) fn values(headers: &[Header], name: &str) -> Vec<String> {
    let named = headers
        .iter()
        .filter(|(header, _)| header.eq_ignore_ascii_case(name.as_bytes()));
    named
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        .collect()
}

const REQUEST: u32 = 0;
const RESPONSE: u32 = 2;
const CALL_RESPONSE: u32 = 6;

/// The number of headers, the lengths of each name and value, then each of them and a zero byte.
pub(super) fn encode(headers: &[Header]) -> Vec<u8> {
    let mut bytes = u32::try_from(headers.len()).unwrap().to_le_bytes().to_vec();
    for (name, value) in headers {
        bytes.extend(length(name).to_le_bytes());
        bytes.extend(length(value).to_le_bytes());
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text);
        bytes.push(0);
    }
    bytes
}

/// Reads what [`encode`] writes. What the filter hands over is well formed.
pub(super) fn decode(bytes: &[u8]) -> Vec<Header> {
    let Some((count, mut rest)) = bytes.split_first_chunk::<4>() else {
        return Vec::new();
    };
    let count = u32::from_le_bytes(*count) as usize;
    let (lengths, texts) = rest.split_at(count * 8);
    rest = texts;
    let mut text = |length: &[u8]| {
        let length = u32::from_le_bytes(length.try_into().expect("4 bytes")) as usize;
        let (text, after) = rest.split_at(length);
        rest = &after[1..];
        text.to_vec()
    };
    lengths
        .chunks(8)
        .map(|pair| (text(&pair[..4]), text(&pair[4..])))
        .collect()
}
