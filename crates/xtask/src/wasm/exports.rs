//! What a WebAssembly module exports.

use std::ops::Range;

use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExternalKind, Parser, Payload, Result};

/// Callbacks that the SDK exports from every module, and that do nothing in ours. Envoy calls whatever is exported: two
/// of them at the end of each request, one for each part of a response's body.
const UNUSED: [&str; 14] = [
    "proxy_on_done",
    "proxy_on_downstream_connection_close",
    "proxy_on_downstream_data",
    "proxy_on_foreign_function",
    "proxy_on_grpc_close",
    "proxy_on_grpc_receive",
    "proxy_on_grpc_receive_initial_metadata",
    "proxy_on_grpc_receive_trailing_metadata",
    "proxy_on_log",
    "proxy_on_new_connection",
    "proxy_on_queue_ready",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_upstream_connection_close",
];

/// The filter without the exports that it has no use for.
pub(super) fn without_unused(module: &[u8]) -> Result<Vec<u8>> {
    let mut lean = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ExportSection(section) => {
                let mut kept = ExportSection::new();
                for export in section {
                    let export = export?;
                    if !UNUSED.contains(&export.name) {
                        kept.export(export.name, kind(export.kind), export.index);
                    }
                }
                lean.section(&kept);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = bytes(module, range).unwrap_or_default();
                    lean.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(lean.finish())
}

fn bytes(module: &[u8], range: Range<u64>) -> Option<&[u8]> {
    let (start, end) = (range.start.try_into().ok()?, range.end.try_into().ok()?);
    module.get::<Range<usize>>(start..end)
}

const fn kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{CodeSection, Function, FunctionSection, TypeSection};

    use super::super::imports;
    use super::*;

    fn module(exports: &[&str]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut section = ExportSection::new();
        for name in exports {
            section.export(name, ExportKind::Func, 0);
        }
        let mut body = Function::new([]);
        body.instructions().end();
        let mut code = CodeSection::new();
        code.function(&body);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&section)
            .section(&code);
        module.finish()
    }

    #[test]
    fn what_is_used_stays_and_the_rest_of_the_module_too() {
        let used = ["proxy_on_request_headers", "memory"];
        let all = module(&[used[0], "proxy_on_log", "proxy_on_response_body", used[1]]);

        let lean = without_unused(&all).unwrap();

        assert_eq!(lean, module(&used));
        assert_eq!(imports::read(&lean).unwrap().exports, used);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(without_unused(b"not wasm").is_err());
    }
}
