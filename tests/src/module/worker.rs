//! One worker: its VM, and the calls that Envoy makes into it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use tower_fapi::testing::UnixTime;
use wasmi::{
    Caller, Engine, ImportType, Instance, Linker, Module, Store, Val, WasmParams, WasmResults,
};

use super::abi;
use super::world::{Header, Reply, Sent, SharedData, Stream, World};
use crate::random::Random;

/// When it all begins: a moment in 2023.
pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// The number of the first root context.
pub const ROOT: u32 = 1;

static COMPILED: LazyLock<(Engine, Module)> = LazyLock::new(|| {
    let engine = Engine::default();
    let module = std::fs::read(crate::envoy::module()).expect("the filter's module");
    let module = Module::new(&engine, module).expect("a valid module");
    (engine, module)
});

/// The imports that the filter has a use for: those that this host defines.
#[must_use]
pub fn imports() -> Vec<String> {
    let mut linker = Linker::new(&COMPILED.0);
    abi::define(&mut linker).expect("each import once");
    let imports = COMPILED.1.imports();
    imports
        .filter(|import| define_useless(&mut linker, import) == Defined::Before)
        // The environment is std's own affair.
        .filter(|import| import.module() == "env" || import.name() == "random_get")
        .map(|import| import.name().to_owned())
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defined {
    Before,
    Now,
}

/// Calls of the SDK that the filter has no use for: whoever makes them traps.
fn define_useless(linker: &mut Linker<World>, import: &ImportType<'_>) -> Defined {
    let name = import.name().to_owned();
    let kind = import.ty().func().expect("functions alone").clone();
    let trap = move |_: Caller<'_, World>, _: &[Val], _: &mut [Val]| {
        Err(wasmi::Error::new(format!("{name} is called")))
    };
    match linker.func_new(import.module(), import.name(), kind, trap) {
        Ok(_) => Defined::Now,
        Err(_) => Defined::Before,
    }
}

/// A worker.
pub struct Worker {
    store: Store<World>,
    instance: Instance,
    next: u32,
}

impl Worker {
    /// A worker of a process with this shared data, with a plugin of this configuration. Nothing is decided yet if it
    /// was refused: the flag tells.
    pub fn start(document: &str, shared: &Rc<RefCell<SharedData>>) -> (Self, bool) {
        Self::start_with(document, shared, |_| {})
    }

    /// The same, with something different from the beginning.
    pub fn start_with(
        document: &str,
        shared: &Rc<RefCell<SharedData>>,
        change: impl FnOnce(&mut World),
    ) -> (Self, bool) {
        let seed = u64::try_from(Rc::strong_count(shared)).expect("64 bits");
        let mut world = World {
            now: Duration::from_secs(u64::try_from(NOW.as_secs()).expect("after 1970")),
            configuration: document.into(),
            shared: Rc::clone(shared),
            random: Some(Random::new(seed)),
            ..World::default()
        };
        let vm_id = ("plugin_vm_id".to_owned(), b"fapi".to_vec());
        world.properties.extend([vm_id]);
        change(&mut world);
        let mut worker = Self::boot(world);
        let started = worker.add_root(ROOT);
        (worker, started)
    }

    fn boot(world: World) -> Self {
        let (engine, module) = &*COMPILED;
        let mut linker = Linker::new(engine);
        abi::define(&mut linker).expect("each import once");
        for import in module.imports() {
            define_useless(&mut linker, &import);
        }
        let mut store = Store::new(engine, world);
        let instance = linker
            .instantiate_and_start(&mut store, module)
            .expect("nothing else is imported");
        let mut worker = Self {
            store,
            instance,
            next: 100,
        };
        worker.call::<(), ()>("_initialize", ());
        worker
    }

    /// A plugin with the configuration of the moment, in a root context of this number. Answers whether it was taken.
    pub fn add_root(&mut self, root: u32) -> bool {
        self.world().context = root;
        self.call::<_, ()>("proxy_on_context_create", (root, 0));
        let started = self.call::<_, u32>("proxy_on_vm_start", (root, 0)) != 0;
        started && self.configure(root)
    }

    /// Configures a plugin with the configuration of the moment. Answers whether it was taken.
    pub fn configure(&mut self, root: u32) -> bool {
        self.world().context = root;
        let size = u32::try_from(self.world().configuration.len()).expect("32 bits");
        self.call::<_, u32>("proxy_on_configure", (root, size)) != 0
    }

    /// A request comes. Answers its context.
    pub fn request(&mut self, headers: Vec<Header>) -> u32 {
        let stream = Stream {
            request: headers,
            ..Stream::default()
        };
        self.request_of(stream)
    }

    /// The same, for a request of which more is known.
    pub fn request_of(&mut self, stream: Stream) -> u32 {
        self.next += 1;
        let id = self.next;
        let count = u32::try_from(stream.request.len()).expect("32 bits");
        let world = self.world();
        world.streams.insert(id, stream);
        world.context = id;
        self.call::<_, ()>("proxy_on_context_create", (id, ROOT));
        self.world().context = id;
        let action = self.call::<_, u32>("proxy_on_request_headers", (id, count, 1));
        let world = self.world();
        let stream = world.streams.get_mut(&id).expect("it is there");
        if action == 0 {
            let decided = stream.forwarded || stream.reply.is_some();
            stream.forwarded = true;
            if decided {
                world
                    .offences
                    .push("a request went on that was decided before");
            }
        } else if let Some(Reply { headers, .. }) = stream.reply.clone() {
            // Envoy shows the filter its own answer.
            self.respond(id, headers);
        }
        id
    }

    /// A response comes; answers it as the client gets it.
    pub fn respond(&mut self, id: u32, headers: Vec<Header>) -> Vec<Header> {
        let count = u32::try_from(headers.len()).expect("32 bits");
        let world = self.world();
        world.context = id;
        let stream = world.streams.get_mut(&id).expect("a stream");
        stream.response = headers;
        self.call::<_, u32>("proxy_on_response_headers", (id, count, 1));
        self.stream(id).response
    }

    /// The request has ended, or the client has gone.
    pub fn end(&mut self, id: u32) {
        self.world().context = id;
        // Envoy leaves out what a module does not export.
        if self.exports("proxy_on_done") {
            self.call::<_, u32>("proxy_on_done", id);
        }
        if self.exports("proxy_on_log") {
            self.call::<_, ()>("proxy_on_log", id);
        }
        self.call::<_, ()>("proxy_on_delete", id);
        self.world().streams.remove(&id);
    }

    pub fn tick(&mut self) {
        self.world().context = ROOT;
        self.call::<_, ()>("proxy_on_tick", ROOT);
    }

    /// A call is answered.
    pub fn answer(&mut self, call: &Sent, headers: &[(&str, &str)], body: &str) {
        let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
        self.answer_with(call, headers.iter().map(owned).collect(), body.into());
    }

    /// A call is answered by bytes.
    pub fn answer_with(&mut self, call: &Sent, headers: Vec<Header>, body: Vec<u8>) {
        let length = |length: usize| u32::try_from(length).expect("32 bits");
        let (count, size) = (length(headers.len()), length(body.len()));
        let world = self.world();
        world.answer = (count > 0).then_some((headers, body));
        world.context = call.context;
        let told = (call.context, call.number, count, size, 0);
        self.call::<_, ()>("proxy_on_http_call_response", told);
        self.world().answer = None;
    }

    /// A call fails: Envoy tells so by an answer without headers.
    pub fn fail(&mut self, call: &Sent) {
        self.answer_with(call, Vec::new(), Vec::new());
    }

    pub fn last_call(&mut self) -> Sent {
        self.world().calls.last().expect("a call").clone()
    }

    pub fn stream(&mut self, id: u32) -> Stream {
        self.world().streams[&id].clone()
    }

    /// The status of the filter's own answer, 0 without one.
    pub fn status(&mut self, id: u32) -> u32 {
        self.stream(id).reply.map_or(0, |reply| reply.status)
    }

    pub fn count(&mut self, name: &str) -> u64 {
        self.world().counters.get(name).copied().unwrap_or(0)
    }

    pub fn world(&mut self) -> &mut World {
        self.store.data_mut()
    }

    fn exports(&self, name: &str) -> bool {
        self.instance.get_export(&self.store, name).is_some()
    }

    /// # Panics
    ///
    /// The VM trapped.
    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> R {
        let function = self
            .instance
            .get_typed_func::<P, R>(&self.store, name)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        match function.call(&mut self.store, parameters) {
            Ok(result) => result,
            Err(trap) => panic!("{name} trapped: {trap}; {:?}", self.world().log.last()),
        }
    }
}
