//! What the contexts of one worker share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fapi_core::dpop::{Epoch, Quotas};
use fapi_core::mtls::CertificatePolicy;
use fapi_core::{NeedIntrospection, NeedKeys, Protocol, UnixTime, Verifier};

use crate::answer::After;
use crate::call::Clusters;
use crate::claims::Claims;
use crate::config::seconds;
use crate::host::Host;
use crate::id::Ids;
use crate::introspect::Endpoint;
use crate::keys::Keys;
use crate::memory::Memory;
use crate::stats::Stats;

/// Everything that a configuration comes to.
pub(crate) struct Plugin<H> {
    pub(crate) parts: Parts<H>,
    pub(crate) keys: RefCell<Keys<H>>,
    pub(crate) quotas: RefCell<Quotas>,
    pub(crate) epoch: Cell<Epoch>,
    pub(crate) ids: RefCell<Ids>,
    /// Requests that wait, by their contexts.
    pub(crate) waiting: RefCell<BTreeMap<u32, Waiting>>,
    /// Calls under way, by their numbers.
    pub(crate) calls: RefCell<BTreeMap<u32, CallFor>>,
}

/// What stays as it is.
pub(crate) struct Parts<H> {
    pub(crate) host: H,
    /// The root context's number.
    pub(crate) root: u32,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) certificates: Option<CertificatePolicy>,
    pub(crate) claims: Claims,
    pub(crate) forward: bool,
    pub(crate) readiness_path: Option<Box<str>>,
    pub(crate) max_paused: usize,
    pub(crate) memory: Memory<H>,
    pub(crate) stats: Stats<H>,
    /// The introspection endpoints, by the issuers' places.
    pub(crate) endpoints: Vec<Option<Endpoint>>,
    pub(crate) clusters: Clusters,
    pub(crate) timeout: Duration,
}

/// What changes while a plugin works.
pub(crate) struct State<H> {
    pub(crate) keys: Keys<H>,
    pub(crate) quotas: Quotas,
    pub(crate) epoch: Epoch,
}

/// A request that waits.
pub(crate) struct Waiting {
    pub(crate) arrival: Arrival,
    pub(crate) pause: Pause,
    /// Then it is answered whatever happens.
    pub(crate) until: Duration,
}

/// What a request waits for.
pub(crate) enum Pause {
    /// Keys of the issuer at this place.
    Keys { need: NeedKeys, issuer: usize },
    /// The answer to a call.
    Introspection { need: NeedIntrospection },
    /// Keys to verify the answer with.
    AnswerKeys {
        need: NeedIntrospection,
        text: String,
        kid: Option<Box<str>>,
        issuer: usize,
    },
}

/// What the answer to a request needs to know of it.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) id: Rc<str>,
    pub(crate) protocol: Protocol,
    pub(crate) authority: Option<Rc<str>>,
    /// For the response.
    pub(crate) after: Rc<RefCell<After>>,
}

/// Whom the answer to a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallFor {
    /// The keys of the issuer at this place.
    Keys(usize),
    /// A request's introspection at the issuer at this place.
    Introspection {
        stream: u32,
        issuer: usize,
        by: Caller,
    },
}

/// Which context makes a call, and will be told the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Root,
    Stream,
}

impl<H: Host> Plugin<H> {
    pub(crate) fn new(parts: Parts<H>, state: State<H>) -> Self {
        Self {
            keys: RefCell::new(state.keys),
            quotas: RefCell::new(state.quotas),
            epoch: Cell::new(state.epoch),
            ids: RefCell::new(Ids::new()),
            waiting: RefCell::default(),
            calls: RefCell::default(),
            parts,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.parts.host.now()
    }

    pub(crate) fn seconds(&self) -> UnixTime {
        seconds(self.now())
    }

    /// The request has gone.
    pub(crate) fn forget(&self, stream: u32) {
        self.waiting.borrow_mut().remove(&stream);
        // Envoy tells nobody the answer to a call of a context that has gone.
        self.calls.borrow_mut().retain(|_, call| {
            !matches!(call, CallFor::Introspection { stream: gone, by: Caller::Stream, .. } if *gone == stream)
        });
    }
}
