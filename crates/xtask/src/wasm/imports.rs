//! What a WebAssembly module imports and exports.

use wasmparser::{Parser, Payload, Result};

/// The module of WASI.
const WASI: &str = "wasi_snapshot_preview1";

/// What every module may import. std brings these with its panic messages and its exit; none of them tells the time,
/// gives random bytes, or opens a socket or file.
const OF_STD: [&str; 4] = ["environ_get", "environ_sizes_get", "fd_write", "proc_exit"];

/// Which module is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The probe of the core: nothing but what std brings.
    Core,
    /// The Envoy filter: its host's calls and random bytes too. The time comes from the host.
    Filter,
}

/// The names at the border of a module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Interface {
    /// `module.name` of each import.
    pub(crate) imports: Vec<String>,
    /// The name of each export.
    pub(crate) exports: Vec<String>,
}

/// Reads the imports and exports of a module.
pub(crate) fn read(module: &[u8]) -> Result<Interface> {
    let mut interface = Interface::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    interface
                        .imports
                        .push(format!("{}.{}", import.module, import.name));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    interface.exports.push(export?.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(interface)
}

/// The imports that are not allowed.
pub(crate) fn forbidden(imports: &[String], kind: Kind) -> Vec<String> {
    imports
        .iter()
        .filter(|import| !is_allowed(import, kind))
        .cloned()
        .collect()
}

fn is_allowed(import: &str, kind: Kind) -> bool {
    match (import.split_once('.'), kind) {
        (Some((WASI, name)), Kind::Core) => OF_STD.contains(&name),
        (Some((WASI, name)), Kind::Filter) => name == "random_get" || OF_STD.contains(&name),
        (Some(("env", name)), Kind::Filter) => name.starts_with("proxy_"),
        (Some(_) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one imported function `module.name`, exported as `probe`. Names are shorter than 100 bytes.
    fn module_with(module: &str, name: &str) -> Vec<u8> {
        fn length(bytes: &[u8]) -> u8 {
            u8::try_from(bytes.len()).unwrap()
        }
        fn section(id: u8, body: &[u8]) -> Vec<u8> {
            [&[id, length(body)], body].concat()
        }
        fn text(text: &str) -> Vec<u8> {
            [&[length(text.as_bytes())], text.as_bytes()].concat()
        }
        let types = section(1, &[1, 0x60, 0, 0]);
        let imports = section(2, &[&[1][..], &text(module), &text(name), &[0, 0]].concat());
        let exports = section(7, &[&[1][..], &text("probe"), &[0, 0]].concat());
        [&b"\0asm\x01\0\0\0"[..], &types, &imports, &exports].concat()
    }

    #[test]
    fn imports_and_exports_are_read() {
        let interface = read(&module_with("wasi_snapshot_preview1", "fd_write")).unwrap();

        assert_eq!(interface.imports, ["wasi_snapshot_preview1.fd_write"]);
        assert_eq!(interface.exports, ["probe"]);
        assert!(forbidden(&interface.imports, Kind::Core).is_empty());
    }

    #[test]
    fn clocks_sockets_files_and_foreign_modules_are_forbidden() {
        for (module, name) in [
            ("wasi_snapshot_preview1", "clock_time_get"),
            ("wasi_snapshot_preview1", "random_get"),
            ("wasi_snapshot_preview1", "sock_send"),
            ("wasi_snapshot_preview1", "path_open"),
            ("env", "fd_write"),
        ] {
            let interface = read(&module_with(module, name)).unwrap();
            let forbidden = forbidden(&interface.imports, Kind::Core);
            assert_eq!(forbidden, [format!("{module}.{name}")]);
        }
    }

    #[test]
    fn the_filter_may_call_its_host_and_draw_random_bytes() {
        let imports = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            forbidden(&names, Kind::Filter)
        };
        let allowed = ["env.proxy_log", "wasi_snapshot_preview1.random_get"];
        assert!(imports(&allowed).is_empty());
        for other in [
            "env.emscripten_notify",
            "wasi_snapshot_preview1.clock_time_get",
            "wasi_snapshot_preview1.proxy_log",
            "proxy_log",
        ] {
            assert_eq!(imports(&[other]), [other]);
        }
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(read(b"not wasm").is_err());
        let module = module_with("env", "f");
        assert!(read(&module[..module.len() - 1]).is_err());
    }
}
