//! Envoy itself: the calls of the proxy-wasm ABI 0.2.1.
//!
//! `proxy_wasm::hostcalls` makes the same calls, and panics on each status that it does not expect and on text that is
//! not UTF-8. A panic kills the worker's VM, so the calls are made here, and every status is an error value.

#![expect(unsafe_code, reason = "the ABI of the host is called through pointers")]

use std::ptr;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::Status;

use crate::headers::Headers;
use crate::host::{Call, Condition, Entry, Failure, Host, Level, Map, Reply};

/// The host that runs this module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envoy;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, size: usize) -> u32;
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: usize,
        limit: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_get_property(
        path: *const u8,
        path_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_property(
        path: *const u8,
        path_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, offset: i64) -> u32;
}

const COUNTER: u32 = 0;
const REQUEST_STREAM: u32 = 0;
const CALL_RESPONSE_BODY: u32 = 4;
const PLUGIN_CONFIGURATION: u32 = 7;

// SAFETY of every block below: a pointer and a size are those of one slice that lives through the call, a pointer to
// write to is that of a local variable, and the host keeps none of them.

impl Host for Envoy {
    fn now(&self) -> Duration {
        let mut time = 0;
        // Without a time it is 1970: no token is valid then.
        let _ = check(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) });
        Duration::from_nanos(time)
    }

    fn log(&self, level: Level, text: &str) {
        // A line that cannot be written is lost.
        let _ = unsafe { proxy_log(number(level), text.as_ptr(), text.len()) };
    }

    fn logs(&self, level: Level) -> bool {
        let mut least = 0;
        let known = check(unsafe { proxy_get_log_level(&raw mut least) }).is_ok();
        !known || least <= number(level)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        getrandom::fill(bytes).map_err(|_| Failure::NotFound)
    }

    fn configuration(&self) -> Result<Vec<u8>, Failure> {
        take(|data, size| unsafe {
            proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, usize::MAX, data, size)
        })
    }

    fn headers(&self, map: Map) -> Result<Headers, Failure> {
        take(|data, size| unsafe { proxy_get_header_map_pairs(map_number(map), data, size) })
            .map(Headers::new)
    }

    fn set_header(&self, map: Map, name: &str, value: &str) -> Result<(), Failure> {
        let (map, name, value) = (map_number(map), name.as_bytes(), value.as_bytes());
        check(unsafe {
            proxy_replace_header_map_value(
                map,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            )
        })
    }

    fn remove_header(&self, map: Map, name: &[u8]) -> Result<(), Failure> {
        check(unsafe { proxy_remove_header_map_value(map_number(map), name.as_ptr(), name.len()) })
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        // The names, each but the last followed by a zero byte.
        let path = path.join("\0");
        take(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) }).ok()
    }

    fn set_property(&self, name: &str, value: &str) -> Result<(), Failure> {
        check(unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
    }

    fn shared(&self, key: &str) -> Result<Option<Entry>, Failure> {
        let mut cas = 0;
        let value = take(|data, size| unsafe {
            proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
        });
        match value {
            Ok(value) => Ok(Some(Entry { value, cas })),
            Err(Failure::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn share(&self, key: &str, value: &[u8], condition: Condition) -> Result<(), Failure> {
        check(unsafe {
            proxy_set_shared_data(
                key.as_ptr(),
                key.len(),
                value.as_ptr(),
                value.len(),
                condition.cas(),
            )
        })
    }

    fn reply(&self, reply: &Reply) -> Result<(), Failure> {
        let pairs = reply.headers.iter();
        let headers =
            Headers::encode(pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
        let (status, grpc) = match reply.grpc {
            Some(code) => (200, i32::from(code)),
            None => (u32::from(reply.status), -1),
        };
        check(unsafe {
            proxy_send_local_response(
                status,
                ptr::null(),
                0,
                reply.body.as_ptr(),
                reply.body.len(),
                headers.as_ptr(),
                headers.len(),
                grpc,
            )
        })
    }

    fn resume(&self) -> Result<(), Failure> {
        check(unsafe { proxy_continue_stream(REQUEST_STREAM) })
    }

    fn act_for(&self, context: u32) -> Result<(), Failure> {
        check(unsafe { proxy_set_effective_context(context) })
    }

    fn dispatch(&self, call: &Call<'_>) -> Result<u32, Failure> {
        // Through the SDK, whose dispatcher has to know the number. It knows the statuses that Envoy gives here.
        hostcalls::dispatch_http_call(
            call.cluster,
            call.headers.clone(),
            call.body,
            Vec::new(),
            call.timeout,
        )
        .map_err(|status| match status {
            Status::BadArgument => Failure::BadArgument,
            other => Failure::Other(other as u32),
        })
    }

    fn call_body(&self, size: usize) -> Result<Vec<u8>, Failure> {
        if size == 0 {
            return Ok(Vec::new());
        }
        take(|data, length| unsafe {
            proxy_get_buffer_bytes(CALL_RESPONSE_BODY, 0, size, data, length)
        })
    }

    fn counter(&self, name: &str) -> Result<u32, Failure> {
        let mut id = 0;
        check(unsafe { proxy_define_metric(COUNTER, name.as_ptr(), name.len(), &raw mut id) })?;
        Ok(id)
    }

    fn count(&self, counter: u32) {
        // What cannot be counted is not.
        let _ = unsafe { proxy_increment_metric(counter, 1) };
    }

    fn tick_every(&self, period: Duration) {
        let period = u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
        let _ = unsafe { proxy_set_tick_period_milliseconds(period) };
    }

    fn foreign(function: &str, argument: &[u8]) -> Result<Vec<u8>, Failure> {
        take(|data, size| unsafe {
            proxy_call_foreign_function(
                function.as_ptr(),
                function.len(),
                argument.as_ptr(),
                argument.len(),
                data,
                size,
            )
        })
    }
}

/// What the host has written into memory that it got from us.
fn take(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Failure> {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    check(call(&raw mut data, &raw mut size))?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host gets its memory from `proxy_on_memory_allocate` of the SDK, a boxed slice of `size` bytes, and
    // gives each away once: that is a vector whose length is its capacity.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

fn check(status: u32) -> Result<(), Failure> {
    match status {
        0 => Ok(()),
        1 => Err(Failure::NotFound),
        2 => Err(Failure::BadArgument),
        8 => Err(Failure::CasMismatch),
        other => Err(Failure::Other(other)),
    }
}

const fn number(level: Level) -> u32 {
    match level {
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => 4,
    }
}

const fn map_number(map: Map) -> u32 {
    match map {
        Map::Request => 0,
        Map::Response => 2,
        Map::CallResponse => 6,
    }
}
