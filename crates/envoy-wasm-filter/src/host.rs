//! What the filter asks of Envoy, as one trait: all else is plain code that runs natively against a mock.

use std::time::Duration;

use crate::headers::Headers;

/// A call of the host that gave nothing. What is decided upon it refuses the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such thing, or no such function.
    NotFound,
    /// The host does not take the argument, or not now.
    BadArgument,
    /// Somebody else has written in the meantime.
    CasMismatch,
    /// Any other status of the ABI.
    Other(u32),
}

/// Which headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// The client's request.
    Request,
    /// The upstream's response.
    Response,
    /// The response to a call of ours.
    CallResponse,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each accepted request.
    Debug,
    /// Each refused one.
    Info,
    /// What an operator should know.
    Warn,
    /// What an operator must put right.
    Error,
}

/// A value of the data that all workers share, and the number of its last write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// To be given when it is replaced.
    pub cas: u32,
}

/// On which condition a shared value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is none. (Envoy counts writes from 1, so that a low number could be that of another worker's fresh value:
    /// this is told by a number that no write has.)
    Absent,
    /// It is still the one that was read.
    Unchanged(u32),
}

impl Condition {
    /// The number to give to the host. Zero would mean: on no condition.
    #[must_use]
    pub const fn cas(self) -> u32 {
        match self {
            Self::Absent => u32::MAX,
            Self::Unchanged(cas) => cas,
        }
    }
}

/// An HTTP request of ours through a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// Pseudo headers and headers.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: Option<&'a [u8]>,
    /// How long it may take as a whole.
    pub timeout: Duration,
}

/// An answer that does not come from the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The gRPC code, to answer in trailers only with status 200.
    pub grpc: Option<u8>,
    /// Headers, for gRPC metadata.
    pub headers: Vec<(&'static str, String)>,
    /// The body, for gRPC the message.
    pub body: String,
}

/// Envoy, or what stands for it in tests.
pub trait Host: Clone + 'static {
    /// How much time has passed since 1970.
    fn now(&self) -> Duration;

    /// Writes a line into Envoy's log.
    fn log(&self, level: Level, text: &str);

    /// Whether anybody reads lines of this level.
    fn logs(&self, level: Level) -> bool;

    /// Fills `bytes` with random ones.
    ///
    /// # Errors
    ///
    /// There are none: what they are for must not be.
    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// The plugin's configuration.
    ///
    /// # Errors
    ///
    /// There is none.
    fn configuration(&self) -> Result<Vec<u8>, Failure>;

    /// All headers of a map.
    ///
    /// # Errors
    ///
    /// They are not there at the moment.
    fn headers(&self, map: Map) -> Result<Headers, Failure>;

    /// Sees to it that there is one header of this name.
    ///
    /// # Errors
    ///
    /// The headers cannot be changed at the moment.
    fn set_header(&self, map: Map, name: &str, value: &str) -> Result<(), Failure>;

    /// Removes all headers of this name.
    ///
    /// # Errors
    ///
    /// The headers cannot be changed at the moment.
    fn remove_header(&self, map: Map, name: &[u8]) -> Result<(), Failure>;

    /// A property of the request or the plugin, by the names on its path.
    fn property(&self, path: &[&str]) -> Option<Vec<u8>>;

    /// Sets the filter state `wasm.<name>`.
    ///
    /// # Errors
    ///
    /// The host refuses.
    fn set_property(&self, name: &str, value: &str) -> Result<(), Failure>;

    /// A value of the data that all workers share.
    ///
    /// # Errors
    ///
    /// It cannot be read. That there is none is `None`.
    fn shared(&self, key: &str) -> Result<Option<Entry>, Failure>;

    /// Writes a shared value.
    ///
    /// # Errors
    ///
    /// [`Failure::CasMismatch`] if the condition does not hold.
    fn share(&self, key: &str, value: &[u8], condition: Condition) -> Result<(), Failure>;

    /// Answers the request. Then the request is to be paused.
    ///
    /// # Errors
    ///
    /// The request is gone.
    fn reply(&self, reply: &Reply) -> Result<(), Failure>;

    /// Lets a paused request go on. It must be the last call about that request.
    ///
    /// # Errors
    ///
    /// The request is gone.
    fn resume(&self) -> Result<(), Failure>;

    /// From now on the calls concern this context.
    ///
    /// # Errors
    ///
    /// It is gone.
    fn act_for(&self, context: u32) -> Result<(), Failure>;

    /// Sends a request. The answer is told under this number.
    ///
    /// # Errors
    ///
    /// There is no such cluster, or none of its hosts can be reached.
    fn dispatch(&self, call: &Call<'_>) -> Result<u32, Failure>;

    /// The body of the answer, of which `size` bytes are there.
    ///
    /// # Errors
    ///
    /// It is not there.
    fn call_body(&self, size: usize) -> Result<Vec<u8>, Failure>;

    /// Makes a counter.
    ///
    /// # Errors
    ///
    /// The host refuses.
    fn counter(&self, name: &str) -> Result<u32, Failure>;

    /// Counts one.
    fn count(&self, counter: u32);

    /// Has the root context called so often.
    fn tick_every(&self, period: Duration);

    /// Calls a function of the host by name. It concerns no context.
    ///
    /// # Errors
    ///
    /// There is no such function, or it does not take the argument.
    fn foreign(function: &str, argument: &[u8]) -> Result<Vec<u8>, Failure>;
}
