//! The calls of the proxy-wasm ABI 0.2.1 that the filter makes, and of WASI those that std makes.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use wasmi::{Caller, Error, Linker};

use super::guest::Guest;
use super::world::{ForeignFunctions, Reply, Sent, World, decode};

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const BAD_ARGUMENT: u32 = 2;
const CAS_MISMATCH: u32 = 8;

const PLUGIN_CONFIGURATION: u32 = 7;
const CALL_RESPONSE_BODY: u32 = 4;

/// Defines a call of the ABI, which may fail before it does anything.
macro_rules! call {
    ($linker:ident, $name:literal, |$guest:ident $(, $argument:ident)*| $body:expr) => {
        $linker.func_wrap("env", $name, |caller: Caller<'_, World> $(, $argument: u32)*| -> Result<u32, Error> {
            let mut $guest = Guest(caller);
            if let Some(status) = $guest.world().faults.of($name) {
                return Ok(status);
            }
            $body
        })
    };
}

pub(super) fn define(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    plugin(linker)?;
    headers(linker)?;
    data(linker)?;
    stream(linker)?;
    calls(linker)?;
    wasi(linker)
}

fn plugin(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    call!(linker, "proxy_log", |guest, _level, text, size| {
        let text = guest.read(text, size)?;
        let line = String::from_utf8_lossy(&text).into_owned();
        guest.world().log.push(line);
        Ok(OK)
    })?;
    call!(linker, "proxy_get_log_level", |guest, level| {
        guest.write(level, &0_u32.to_le_bytes())?;
        Ok(OK)
    })?;
    call!(
        linker,
        "proxy_get_current_time_nanoseconds",
        |guest, time| {
            let now = u64::try_from(guest.world().now.as_nanos()).expect("64 bits");
            guest.write(time, &now.to_le_bytes())?;
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_set_tick_period_milliseconds",
        |guest, _period| {
            let _ = guest.world();
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_define_metric",
        |guest, _kind, name, size, number| {
            let name = guest.text(name, size)?;
            let names = &mut guest.world().counter_names;
            names.push(name);
            let last = u32::try_from(names.len() - 1).expect("32 bits");
            guest.write(number, &last.to_le_bytes())?;
            Ok(OK)
        }
    )?;
    linker.func_wrap(
        "env",
        "proxy_increment_metric",
        |mut caller: Caller<'_, World>, number: u32, by: u64| {
            let world = caller.data_mut();
            if let Some(status) = world.faults.of("proxy_increment_metric") {
                return status;
            }
            let Some(name) = world.counter_names.get(number as usize).cloned() else {
                return BAD_ARGUMENT;
            };
            *world.counters.entry(name).or_default() += by;
            OK
        },
    )?;
    Ok(())
}

fn headers(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    call!(
        linker,
        "proxy_get_header_map_pairs",
        |guest, map, data, size| {
            let Some(pairs) = guest.world().map(map) else {
                return Ok(BAD_ARGUMENT);
            };
            guest.give(&pairs, data, size)?;
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_replace_header_map_value",
        |guest, map, name, name_size, value, value_size| {
            let (name, value) = (guest.read(name, name_size)?, guest.read(value, value_size)?);
            let Some(headers) = guest.world().map_mut(map) else {
                return Ok(BAD_ARGUMENT);
            };
            headers.retain(|(held, _)| !held.eq_ignore_ascii_case(&name));
            headers.push((name, value));
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_remove_header_map_value",
        |guest, map, name, name_size| {
            let name = guest.read(name, name_size)?;
            let Some(headers) = guest.world().map_mut(map) else {
                return Ok(BAD_ARGUMENT);
            };
            headers.retain(|(held, _)| !held.eq_ignore_ascii_case(&name));
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_get_buffer_bytes",
        |guest, kind, start, limit, data, size| {
            let world = guest.world();
            let bytes = match kind {
                PLUGIN_CONFIGURATION => Some(world.configuration.clone()),
                CALL_RESPONSE_BODY => world.answer.as_ref().map(|(_, body)| body.clone()),
                _ => None,
            };
            let Some(bytes) = bytes else {
                return Ok(NOT_FOUND);
            };
            let some = bytes.into_iter().skip(start as usize);
            let some: Vec<u8> = some.take(limit as usize).collect();
            guest.give(&some, data, size)?;
            Ok(OK)
        }
    )?;
    Ok(())
}

fn data(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    call!(
        linker,
        "proxy_get_property",
        |guest, path, path_size, data, size| {
            let path = guest.text(path, path_size)?.replace('\0', ".");
            let Some(value) = guest.world().properties.get(&path).cloned() else {
                return Ok(NOT_FOUND);
            };
            guest.give(&value, data, size)?;
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_set_property",
        |guest, path, path_size, value, value_size| {
            let path = guest.text(path, path_size)?;
            let value = guest.read(value, value_size)?;
            let Some(stream) = guest.world().stream() else {
                return Ok(NOT_FOUND);
            };
            stream.properties.insert(path, value);
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_get_shared_data",
        |guest, key, key_size, data, size, cas| {
            let key = guest.text(key, key_size)?;
            let entry = guest.world().shared.borrow().get(&key);
            let Some((value, number)) = entry else {
                return Ok(NOT_FOUND);
            };
            guest.give(&value, data, size)?;
            guest.write(cas, &number.to_le_bytes())?;
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_set_shared_data",
        |guest, key, key_size, value, value_size, cas| {
            let key = guest.text(key, key_size)?;
            let value = guest.read(value, value_size)?;
            let written = guest.world().shared.borrow_mut().set(key, value, cas);
            Ok(if written { OK } else { CAS_MISMATCH })
        }
    )?;
    Ok(())
}

fn stream(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    call!(linker, "proxy_set_effective_context", |guest, context| {
        let world = guest.world();
        if context != super::ROOT && !world.streams.contains_key(&context) {
            return Ok(BAD_ARGUMENT);
        }
        world.context = context;
        Ok(OK)
    })?;
    call!(linker, "proxy_continue_stream", |guest, _kind| {
        let Some(stream) = guest.world().stream() else {
            return Ok(BAD_ARGUMENT);
        };
        let twice = stream.forwarded || stream.reply.is_some();
        stream.forwarded = true;
        if twice {
            let offence = "a request went on that was decided before";
            guest.world().offences.push(offence);
        }
        Ok(OK)
    })?;
    linker.func_wrap("env", "proxy_send_local_response", reply)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI has them")]
fn reply(
    caller: Caller<'_, World>,
    status: u32,
    _details: u32,
    _details_size: u32,
    body: u32,
    body_size: u32,
    headers: u32,
    headers_size: u32,
    grpc: u32,
) -> Result<u32, Error> {
    let mut guest = Guest(caller);
    if let Some(status) = guest.world().faults.of("proxy_send_local_response") {
        return Ok(status);
    }
    let reply = Reply {
        status,
        headers: decode(&guest.read(headers, headers_size)?),
        body: guest.read(body, body_size)?,
        grpc: grpc.cast_signed(),
    };
    let Some(stream) = guest.world().stream() else {
        return Ok(BAD_ARGUMENT);
    };
    let twice = stream.forwarded || stream.reply.is_some();
    stream.reply = Some(reply);
    if twice {
        let offence = "a request was answered that was decided before";
        guest.world().offences.push(offence);
    }
    Ok(OK)
}

fn calls(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    call!(
        linker,
        "proxy_http_call",
        |guest,
         cluster,
         cluster_size,
         headers,
         headers_size,
         body,
         body_size,
         _trailers,
         _trailers_size,
         timeout,
         number| {
            if timeout == 0 {
                return Ok(BAD_ARGUMENT);
            }
            let sent = Sent {
                number: 0,
                context: 0,
                cluster: guest.text(cluster, cluster_size)?,
                headers: decode(&guest.read(headers, headers_size)?),
                body: guest.read(body, body_size)?,
            };
            let world = guest.world();
            let next = u32::try_from(world.calls.len() + 1).expect("32 bits");
            let context = world.context;
            world.calls.push(Sent {
                number: next,
                context,
                ..sent
            });
            guest.write(number, &next.to_le_bytes())?;
            Ok(OK)
        }
    )?;
    call!(
        linker,
        "proxy_call_foreign_function",
        |guest, name, name_size, argument, argument_size, data, size| {
            let name = guest.text(name, name_size)?;
            let argument = guest.read(argument, argument_size)?;
            let there = guest.world().foreign_functions == ForeignFunctions::There;
            if name != "verify_signature" || !there {
                return Ok(NOT_FOUND);
            }
            let result: &[u8] = if verifies(&argument) {
                &[8, 1]
            } else {
                b"\x12\x03bad"
            };
            guest.give(result, data, size)?;
            Ok(OK)
        }
    )?;
    Ok(())
}

/// A message with the fields 2 (public key), 3 (signature) and 4 (text), each of bytes.
fn verifies(message: &[u8]) -> bool {
    let mut fields = [&[][..]; 8];
    let mut rest = message;
    while let [tag, tail @ ..] = rest {
        let (mut length, mut shift, mut tail) = (0_usize, 0, tail);
        while let [byte, after @ ..] = tail {
            length |= usize::from(byte & 0x7f) << shift;
            (shift, tail) = (shift + 7, after);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (value, after) = tail.split_at(length);
        fields[usize::from(tag >> 3)] = value;
        rest = after;
    }
    let [_, hash, key, signature, text, ..] = fields;
    // The point follows the 26 bytes that say what it is.
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key[26..]);
    hash == b"sha256" && key.verify(text, signature).is_ok()
}

fn wasi(linker: &mut Linker<World>) -> Result<(), wasmi::errors::LinkerError> {
    let wasi = "wasi_snapshot_preview1";
    linker.func_wrap(
        wasi,
        "random_get",
        |caller: Caller<'_, World>, place: u32, size: u32| -> Result<u32, Error> {
            let mut guest = Guest(caller);
            if guest.world().faults.of("random_get").is_some() {
                // EIO.
                return Ok(29);
            }
            let mut bytes = vec![0; size as usize];
            guest.world().random().fill(&mut bytes);
            guest.write(place, &bytes)?;
            Ok(0)
        },
    )?;
    linker.func_wrap(
        wasi,
        "environ_sizes_get",
        |caller: Caller<'_, World>, count: u32, size: u32| -> Result<u32, Error> {
            let mut guest = Guest(caller);
            guest.write(count, &[0; 4])?;
            guest.write(size, &[0; 4])?;
            Ok(0)
        },
    )?;
    linker.func_wrap(wasi, "environ_get", |_: u32, _: u32| 0_u32)?;
    // What std says before it gives up.
    linker.func_wrap(
        wasi,
        "fd_write",
        |caller: Caller<'_, World>,
         _file: u32,
         pieces: u32,
         count: u32,
         written: u32|
         -> Result<u32, Error> {
            let mut guest = Guest(caller);
            let mut text = Vec::new();
            for piece in 0..count {
                let place = pieces + piece * 8;
                let (bytes, size) = (guest.number(place)?, guest.number(place + 4)?);
                text.extend(guest.read(bytes, size)?);
            }
            guest.write(written, &super::guest::length(&text).to_le_bytes())?;
            let line = String::from_utf8_lossy(&text).into_owned();
            guest.world().log.push(line);
            Ok(0)
        },
    )?;
    linker.func_wrap(wasi, "proc_exit", |code: u32| -> Result<(), Error> {
        Err(Error::i32_exit(code.cast_signed()))
    })?;
    Ok(())
}
