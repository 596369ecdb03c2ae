//! A host that is not there: what Envoy would do, in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use proxy_wasm::traits::{Context as _, HttpContext as _, RootContext as _};
use proxy_wasm::types::Action;

use super::NOW;
use crate::filter::Filter;
use crate::headers::Headers;
use crate::host::{Call, Condition, Entry, Failure, Host, Level, Map, Reply};
use crate::root::Root;

pub(super) const ROOT: u32 = 1;

/// The data that workers share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) values: BTreeMap<String, (Vec<u8>, u32)>,
    last_cas: u32,
    /// Calls that fail from now on.
    pub(super) broken: bool,
    /// Other workers' writes that come before ours.
    pub(super) interferences: u32,
    /// What another worker writes just before our next write.
    pub(super) rival: BTreeMap<String, Vec<u8>>,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) number: u32,
    pub(super) context: u32,
    pub(super) cluster: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// Headers and body of an answer to a call.
type Answered = (Vec<(String, String)>, Vec<u8>);

/// One worker.
#[derive(Default)]
pub(super) struct World {
    pub(super) now: Duration,
    pub(super) log: Vec<(Level, String)>,
    pub(super) counters: BTreeMap<String, u64>,
    names: Vec<String>,
    pub(super) configuration: Vec<u8>,
    pub(super) properties: HashMap<String, Vec<u8>>,
    pub(super) calls: Vec<Sent>,
    answer: Option<Answered>,
    pub(super) cluster_is_gone: bool,
    context: u32,
    pub(super) streams: BTreeMap<u32, Stream>,
    next: u32,
}

/// One request.
#[derive(Default, Clone)]
pub(super) struct Stream {
    pub(super) request: Vec<(String, Vec<u8>)>,
    pub(super) response: Vec<(String, Vec<u8>)>,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) reply: Option<Reply>,
    pub(super) resumed: bool,
}

#[derive(Clone)]
pub(super) struct MockHost {
    pub(super) world: Rc<RefCell<World>>,
    pub(super) shared: Rc<RefCell<Shared>>,
}

thread_local! {
    static VERIFIES: RefCell<bool> = const { RefCell::new(true) };
    pub(super) static FOREIGN_CALLS: RefCell<u32> = const { RefCell::new(0) };
}

/// Whether this thread's hosts have the foreign function.
pub(super) fn host_verifies(yes: bool) {
    VERIFIES.with_borrow_mut(|verifies| *verifies = yes);
}

impl MockHost {
    fn stream<T>(&self, change: impl FnOnce(&mut Stream) -> T) -> Result<T, Failure> {
        let mut world = self.world.borrow_mut();
        let context = world.context;
        world
            .streams
            .get_mut(&context)
            .map(change)
            .ok_or(Failure::BadArgument)
    }
}

fn map_of(stream: &mut Stream, map: Map) -> &mut Vec<(String, Vec<u8>)> {
    // A stream that goes on or is answered cannot be changed any more.
    assert!(
        !stream.resumed,
        "a call about a request after it was resumed"
    );
    match map {
        Map::Request => &mut stream.request,
        Map::Response => &mut stream.response,
        Map::CallResponse => panic!("not of a stream"),
    }
}

impl Host for MockHost {
    fn now(&self) -> Duration {
        self.world.borrow().now
    }

    fn log(&self, level: Level, text: &str) {
        self.world.borrow_mut().log.push((level, text.to_owned()));
    }

    fn logs(&self, level: Level) -> bool {
        level >= Level::Info
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        let mut world = self.world.borrow_mut();
        for byte in bytes {
            world.next = world.next.wrapping_mul(1_103_515_245).wrapping_add(12345);
            *byte = (world.next >> 16) as u8;
        }
        Ok(())
    }

    fn configuration(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.world.borrow().configuration.clone())
    }

    fn headers(&self, map: Map) -> Result<Headers, Failure> {
        let pairs = match map {
            Map::CallResponse => {
                let world = self.world.borrow();
                let (headers, _) = world.answer.as_ref().ok_or(Failure::BadArgument)?;
                let bytes = |(name, value): &(String, String)| (name.clone(), value.clone().into());
                headers.iter().map(bytes).collect()
            }
            map => self.stream(|stream| map_of(stream, map).clone())?,
        };
        let pairs = pairs.iter();
        Ok(Headers::new(Headers::encode(
            pairs.map(|(name, value)| (name.as_bytes(), &value[..])),
        )))
    }

    fn set_header(&self, map: Map, name: &str, value: &str) -> Result<(), Failure> {
        self.remove_header(map, name.as_bytes())?;
        self.stream(|stream| map_of(stream, map).push((name.to_owned(), value.into())))
    }

    fn remove_header(&self, map: Map, name: &[u8]) -> Result<(), Failure> {
        self.stream(|stream| {
            map_of(stream, map).retain(|(named, _)| !named.as_bytes().eq_ignore_ascii_case(name));
        })
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        let world = self.world.borrow();
        world.properties.get(&path.join(".")).cloned()
    }

    fn set_property(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.stream(|stream| {
            stream.properties.insert(name.to_owned(), value.to_owned());
        })
    }

    fn shared(&self, key: &str) -> Result<Option<Entry>, Failure> {
        let shared = self.shared.borrow();
        if shared.broken {
            return Err(Failure::Other(10));
        }
        let entry = shared.values.get(key).cloned();
        Ok(entry.map(|(value, cas)| Entry { value, cas }))
    }

    fn share(&self, key: &str, value: &[u8], condition: Condition) -> Result<(), Failure> {
        let mut shared = self.shared.borrow_mut();
        if shared.broken {
            return Err(Failure::Other(10));
        }
        if shared.interferences > 0 {
            shared.interferences -= 1;
            shared.last_cas += 1;
            let cas = shared.last_cas;
            shared.values.entry(key.to_owned()).or_default().1 = cas;
        }
        for (key, value) in std::mem::take(&mut shared.rival) {
            shared.last_cas += 1;
            let cas = shared.last_cas;
            shared.values.insert(key, (value, cas));
        }
        let cas = condition.cas();
        // As the host does it: an absent value is stored whatever the number, zero is no condition.
        if let Some((_, held)) = shared.values.get(key)
            && cas != 0
            && cas != *held
        {
            return Err(Failure::CasMismatch);
        }
        shared.last_cas += 1;
        let cas = shared.last_cas;
        shared.values.insert(key.to_owned(), (value.to_vec(), cas));
        Ok(())
    }

    fn reply(&self, reply: &Reply) -> Result<(), Failure> {
        self.stream(|stream| {
            assert!(stream.reply.is_none(), "answered twice");
            stream.reply = Some(reply.clone());
        })
    }

    fn resume(&self) -> Result<(), Failure> {
        self.stream(|stream| {
            assert!(!stream.resumed && stream.reply.is_none());
            stream.resumed = true;
        })
    }

    fn act_for(&self, context: u32) -> Result<(), Failure> {
        let mut world = self.world.borrow_mut();
        if context != ROOT && !world.streams.contains_key(&context) {
            return Err(Failure::BadArgument);
        }
        world.context = context;
        Ok(())
    }

    fn dispatch(&self, call: &Call<'_>) -> Result<u32, Failure> {
        let mut world = self.world.borrow_mut();
        if world.cluster_is_gone {
            return Err(Failure::BadArgument);
        }
        assert!(!call.timeout.is_zero());
        let number = u32::try_from(world.calls.len()).unwrap() + 100;
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let sent = Sent {
            number,
            context: world.context,
            cluster: call.cluster.to_owned(),
            headers: call.headers.iter().map(owned).collect(),
            body: String::from_utf8(call.body.unwrap_or_default().to_vec()).unwrap(),
        };
        world.calls.push(sent);
        Ok(number)
    }

    fn call_body(&self, size: usize) -> Result<Vec<u8>, Failure> {
        let world = self.world.borrow();
        let (_, body) = world.answer.as_ref().ok_or(Failure::BadArgument)?;
        Ok(body[..size].to_vec())
    }

    fn counter(&self, name: &str) -> Result<u32, Failure> {
        let mut world = self.world.borrow_mut();
        world.names.push(name.to_owned());
        Ok(u32::try_from(world.names.len()).unwrap() - 1)
    }

    fn count(&self, counter: u32) {
        let mut world = self.world.borrow_mut();
        let name = world.names[counter as usize].clone();
        *world.counters.entry(name).or_default() += 1;
    }

    fn tick_every(&self, _period: Duration) {}

    /// `verify_signature`, as Envoy has it: bad keys are a status, bad signatures a result.
    fn foreign(function: &str, argument: &[u8]) -> Result<Vec<u8>, Failure> {
        if function != "verify_signature" || !VERIFIES.with_borrow(|verifies| *verifies) {
            return Err(Failure::NotFound);
        }
        FOREIGN_CALLS.with_borrow_mut(|calls| *calls += 1);
        let mut fields = BTreeMap::new();
        let mut rest = argument;
        while let [tag, tail @ ..] = rest {
            assert_eq!(tag & 7, 2);
            let (mut length, mut shift, mut tail) = (0_usize, 0, tail);
            while let [byte, after @ ..] = tail {
                length |= usize::from(byte & 0x7f) << shift;
                (shift, tail) = (shift + 7, after);
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let (value, after) = tail.split_at(length);
            fields.insert(tag >> 3, value);
            rest = after;
        }
        assert_eq!(fields[&1], b"sha256");
        let point = fields[&2].get(26..).ok_or(Failure::BadArgument)?;
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| Failure::BadArgument)?;
        let good = DerSignature::try_from(fields[&3])
            .is_ok_and(|signature| key.verify(fields[&4], &signature).is_ok());
        Ok(if good {
            vec![8, 1]
        } else {
            b"\x12\x03bad".to_vec()
        })
    }
}

/// A worker: its VM, and Envoy around it.
pub(super) struct Worker {
    pub(super) host: MockHost,
    root: Root<MockHost>,
    filters: BTreeMap<u32, Filter<MockHost>>,
    next: u32,
}

impl Worker {
    /// A worker of a process with this shared data, configured.
    pub(super) fn start(document: &str, shared: &Rc<RefCell<Shared>>) -> Result<Self, String> {
        Self::start_with(document, shared, |_| {})
    }

    pub(super) fn start_with(
        document: &str,
        shared: &Rc<RefCell<Shared>>,
        change: impl FnOnce(&mut World),
    ) -> Result<Self, String> {
        let mut world = World {
            now: Duration::from_secs(NOW),
            configuration: document.into(),
            context: ROOT,
            next: u32::try_from(Rc::strong_count(shared)).unwrap(),
            ..World::default()
        };
        let vm_id = ("plugin_vm_id".to_owned(), b"fapi".to_vec());
        world.properties.extend([vm_id]);
        change(&mut world);
        let host = MockHost {
            world: Rc::new(RefCell::new(world)),
            shared: Rc::clone(shared),
        };
        let mut root = Root::new(host.clone(), ROOT);
        if !root.on_configure(0) {
            let world = host.world.borrow();
            return Err(world.log.last().unwrap().1.clone());
        }
        Ok(Self {
            host,
            root,
            filters: BTreeMap::new(),
            next: 10,
        })
    }

    /// A request comes. Answers its context.
    pub(super) fn request(&mut self, headers: &[(&str, &[u8])]) -> u32 {
        self.next += 1;
        let id = self.next;
        let owned = headers.iter();
        let stream = Stream {
            request: owned
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
            ..Stream::default()
        };
        self.world(|world| {
            world.streams.insert(id, stream);
            world.context = id;
        });
        let mut filter = self.filter(id);
        let action = filter.on_http_request_headers(headers.len(), true);
        let stream = self.stream(id);
        assert!(!stream.resumed, "resumed before it was paused");
        if action == Action::Continue {
            assert!(stream.reply.is_none());
            self.world(|world| world.streams.get_mut(&id).unwrap().resumed = true);
        }
        self.filters.insert(id, filter);
        id
    }

    fn filter(&self, id: u32) -> Filter<MockHost> {
        // What the SDK gets as a trait object.
        let plugin = self.root.plugin();
        Filter::new(self.host.clone(), plugin, id)
    }

    /// More of a request comes: what becomes of it.
    pub(super) fn body(&mut self, id: u32) -> Action {
        self.world(|world| world.context = id);
        let filter = self.filters.get_mut(&id).unwrap();
        let action = filter.on_http_request_body(1, false);
        assert_eq!(filter.on_http_request_trailers(1), action);
        action
    }

    /// The upstream's response comes; answers it as the client gets it.
    pub(super) fn response(&mut self, id: u32, headers: &[(&str, &str)]) -> Vec<(String, String)> {
        self.world(|world| {
            world.context = id;
            let stream = world.streams.get_mut(&id).unwrap();
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).into());
            stream.response = headers.iter().map(owned).collect();
            stream.resumed = false;
        });
        let filter = self.filters.get_mut(&id).unwrap();
        filter.on_http_response_headers(headers.len(), true);
        let response = self.stream(id).response;
        let text = |(name, value)| (name, String::from_utf8(value).unwrap());
        response.into_iter().map(text).collect()
    }

    /// The client goes away.
    pub(super) fn gone(&mut self, id: u32) {
        self.world(|world| world.streams.remove(&id));
        self.filters.remove(&id);
    }

    pub(super) fn tick(&mut self) {
        self.world(|world| world.context = ROOT);
        self.root.on_tick();
    }

    /// Time passes.
    pub(super) fn pass(&self, time: Duration) {
        self.world(|world| world.now += time);
    }

    /// The call is answered.
    pub(super) fn answer(&mut self, call: &Sent, headers: &[(&str, &str)], body: &str) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let answer = (headers.iter().map(owned).collect(), body.into());
        self.world(|world| {
            world.answer = Some(answer);
            world.context = call.context;
        });
        if call.context == ROOT {
            self.root
                .on_http_call_response(call.number, 1, body.len(), 0);
        } else if let Some(filter) = self.filters.get_mut(&call.context) {
            filter.on_http_call_response(call.number, 1, body.len(), 0);
        }
        self.world(|world| world.answer = None);
    }

    /// The call fails: Envoy tells so by an answer without headers.
    pub(super) fn fail(&mut self, call: &Sent) {
        self.answer(call, &[], "");
    }

    pub(super) fn last_call(&self) -> Sent {
        self.world(|world| world.calls.last().unwrap().clone())
    }

    pub(super) fn calls(&self) -> usize {
        self.world(|world| world.calls.len())
    }

    pub(super) fn stream(&self, id: u32) -> Stream {
        self.world(|world| world.streams[&id].clone())
    }

    pub(super) fn status(&self, id: u32) -> u16 {
        self.stream(id).reply.map_or(0, |reply| reply.status)
    }

    pub(super) fn count(&self, name: &str) -> u64 {
        self.world(|world| world.counters.get(name).copied().unwrap_or(0))
    }

    pub(super) fn world<T>(&self, use_it: impl FnOnce(&mut World) -> T) -> T {
        use_it(&mut self.host.world.borrow_mut())
    }
}

impl Stream {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let found = self.request.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}
