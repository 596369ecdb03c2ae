//! One request and its response.

use std::cell::RefCell;
use std::rc::Rc;

use fapi_core::{Facts, is_interaction_id};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::answer::{self, After};
use crate::config::seconds;
use crate::drive::{Driven, Fate, broken};
use crate::headers::Headers;
use crate::host::{Failure, Host, Map, Reply};
use crate::keys::At;
use crate::plugin::{Arrival, Caller, Plugin};

/// The context of one request.
pub(crate) struct Filter<H: Host> {
    host: H,
    /// None if the configuration was refused: then no request goes on.
    plugin: Option<Rc<Plugin<H>>>,
    stream: u32,
    arrival: Option<Arrival>,
}

impl<H: Host> Filter<H> {
    pub(crate) const fn new(host: H, plugin: Option<Rc<Plugin<H>>>, stream: u32) -> Self {
        Self {
            host,
            plugin,
            stream,
            arrival: None,
        }
    }

    fn decide(&mut self) -> Fate {
        let Some(plugin) = self.plugin.clone() else {
            let reply = answer::document(503, r#"{"error":"not configured"}"#, "");
            // Nothing else can be done; the request stays where it is.
            let _ = self.host.reply(&reply);
            return Fate::Answered;
        };
        let headers = self.host.headers(Map::Request).unwrap_or_default();
        let arrival = arrival(&plugin, &headers);
        self.arrival = Some(arrival.clone());
        let claims = &plugin.parts.claims;
        if claims.remove_foreign(&headers, &self.host).is_err() {
            plugin.refuse(&broken(), &arrival);
            return Fate::Answered;
        }
        if let Some(reply) = own_document(&plugin, &headers, &arrival) {
            arrival.after.replace(After::Ours);
            let _ = self.host.reply(&reply);
            return Fate::Answered;
        }
        let certificates = plugin.parts.certificates.as_ref();
        let certificate = certificates.and_then(|policy| headers.certificate(policy, &self.host));
        let now = plugin.now();
        let step = {
            let keys = plugin.keys.borrow();
            let facts = Facts {
                keys: &At(&keys, now),
                epoch: Some(plugin.epoch.get()),
            };
            let request = headers.present(certificate);
            plugin.parts.verifier.begin(&request, &facts, seconds(now))
        };
        match plugin.drive(step, self.stream, Caller::Stream, now) {
            Driven::Done(verdict) => plugin.carry_out(verdict, &arrival),
            Driven::Wait(pause) => plugin.pause(pause, self.stream, arrival),
        }
    }
}

impl<H: Host> Filter<H> {
    /// A request that is not let through stays where it is when more of it comes: under
    /// `allow_on_headers_stop_iteration` Envoy takes leave for the body for leave for the headers before it.
    fn hold(&self) -> Action {
        let goes_on = |arrival: &Arrival| {
            matches!(*arrival.after.borrow(), After::Nonce(_) | After::Untouched)
        };
        if self.arrival.as_ref().is_some_and(goes_on) {
            Action::Continue
        } else {
            Action::Pause
        }
    }
}

impl<H: Host> Context for Filter<H> {
    fn on_http_call_response(&mut self, call: u32, _headers: usize, size: usize, _trailers: usize) {
        if let Some(plugin) = &self.plugin {
            plugin.call_answered(call, size, Caller::Stream);
        }
    }
}

impl<H: Host> HttpContext for Filter<H> {
    fn on_http_request_headers(&mut self, _headers: usize, _end: bool) -> Action {
        match self.decide() {
            Fate::Forward => Action::Continue,
            // After an answer of our own Envoy wants the request paused.
            Fate::Answered | Fate::Paused => Action::Pause,
        }
    }

    fn on_http_request_body(&mut self, _size: usize, _end: bool) -> Action {
        self.hold()
    }

    fn on_http_request_trailers(&mut self, _trailers: usize) -> Action {
        self.hold()
    }

    fn on_http_response_headers(&mut self, _headers: usize, _end: bool) -> Action {
        if let Some(arrival) = &self.arrival {
            // The handler's response is not lost because a header cannot be set.
            let _: Result<(), Failure> =
                answer::finish(&self.host, &arrival.after.borrow(), &arrival.id);
        }
        Action::Continue
    }
}

impl<H: Host> Drop for Filter<H> {
    fn drop(&mut self) {
        if let Some(plugin) = &self.plugin {
            plugin.forget(self.stream);
        }
    }
}

/// Metadata (RFC 9728 §3), and whether we are ready.
fn own_document<H: Host>(
    plugin: &Plugin<H>,
    headers: &Headers,
    arrival: &Arrival,
) -> Option<Reply> {
    if !matches!(headers.method(), "GET" | "HEAD") {
        return None;
    }
    let (path, _) = headers.target();
    if plugin.parts.readiness_path.as_deref() == Some(path) {
        let ready =
            plugin.keys.borrow().are_ready(plugin.now()) && plugin.parts.memory.epoch().is_some();
        return Some(if ready {
            answer::document(200, r#"{"ready":true}"#, &arrival.id)
        } else {
            answer::document(503, r#"{"ready":false}"#, &arrival.id)
        });
    }
    let metadata = plugin
        .parts
        .verifier
        .policy()
        .metadata_of(headers.authority())?;
    (metadata.path() == path).then(|| answer::document(200, metadata.document(), &arrival.id))
}

fn arrival<H: Host>(plugin: &Plugin<H>, headers: &Headers) -> Arrival {
    let id = match headers.only(answer::INTERACTION_ID) {
        // Sent back as it came: the client looks for its own spelling.
        Some(id) if is_interaction_id(id) => String::from_utf8_lossy(id).into(),
        Some(_) | None => plugin.ids.borrow_mut().next(&plugin.parts.host),
    };
    Arrival {
        id,
        protocol: answer::protocol(headers.only("content-type")),
        authority: headers.authority().map(Into::into),
        after: Rc::new(RefCell::new(After::Undecided)),
    }
}
