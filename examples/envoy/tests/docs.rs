//! The pages about the Envoy filter: each configuration in them is one that can be used, and each piece of Envoy's own
//! configuration is a piece of the file that the Compose example runs.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fapi_core::Policy;
use serde_json::{Map, Value, json};
use tower_fapi::FapiConfig;

#[test]
fn every_configuration_can_be_used() {
    let mut count = 0;
    for (name, page) in pages() {
        for snippet in snippets(&page, "json") {
            let usable = FapiConfig::from_json(&document(snippet).to_string())
                .and_then(|config| Policy::new(&config));
            if let Err(error) = usable {
                panic!("{name}: {error}:\n{snippet}");
            }
            count += 1;
        }
    }
    assert!(count >= 8, "{count} snippets: are they marked as before?");
}

#[test]
fn every_piece_of_envoys_configuration_is_in_the_compose_example() {
    let file = fs::read_to_string(root().join("examples/envoy/compose/envoy.yaml")).unwrap();
    let lines: Vec<_> = file.lines().collect();
    let mut count = 0;
    for (name, page) in pages() {
        for snippet in snippets(&page, "yaml") {
            assert!(is_piece(snippet, &lines), "{name}:\n{snippet}");
            count += 1;
        }
    }
    assert!(count >= 4, "{count} snippets: are they marked as before?");
}

#[test]
fn a_piece_has_the_same_lines_with_one_indentation() {
    let file = ["a:", "  - b: 1", "    c:", "      d: 2"];

    assert!(is_piece("- b: 1\n  c:\n    d: 2\n", &file));
    assert!(!is_piece("- b: 1\n  c:\n  d: 2\n", &file));
    assert!(!is_piece("- b: 1\n  d: 2\n", &file));
}

#[test]
fn every_member_of_the_part_envoy_is_explained() {
    let schema = fs::read_to_string(root().join("docs/config.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let members = schema["$defs"]["EnvoyConfig"]["properties"]
        .as_object()
        .unwrap();
    let page = &pages()["configuration.md"];

    for name in members.keys() {
        assert!(page.contains(&format!("| `envoy.{name}` |")), "{name}");
    }
}

#[test]
fn every_page_is_linked_from_the_readme() {
    let pages = pages();
    for name in pages.keys().filter(|name| *name != "README.md") {
        let link = format!("(docs/{name})");
        assert!(pages["README.md"].contains(&link), "{name}");
    }
}

/// The README and all pages, by file name.
fn pages() -> BTreeMap<String, String> {
    let filter = root().join("crates/envoy-wasm-filter");
    let docs = fs::read_dir(filter.join("docs")).unwrap();
    let paths = docs.map(|file| file.unwrap().path());
    paths
        .chain([filter.join("README.md")])
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The snippets of a page in this language, in order.
fn snippets<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    page.split(&format!("```{language}\n"))
        .skip(1)
        .map(|after| after.split_once("```").expect("an end of the block").0)
        .collect()
}

/// The snippet as a document: whole, or beside what every document has.
fn document(snippet: &str) -> Value {
    let mut members: Map<String, Value> =
        serde_json::from_str(snippet).unwrap_or_else(|error| panic!("{error}:\n{snippet}"));
    for (name, value) in [
        ("resource", json!("https://api.example.com")),
        ("issuers", json!([{ "issuer": "https://as.example.com" }])),
    ] {
        members.entry(name).or_insert(value);
    }
    members.into()
}

/// Whether the snippet's lines follow each other in the file, all of them indented by the same.
fn is_piece(snippet: &str, file: &[&str]) -> bool {
    let wanted: Vec<_> = snippet.lines().collect();
    file.windows(wanted.len()).any(|lines| {
        let indentation = lines[0].len() - lines[0].trim_start().len();
        let prefix = " ".repeat(indentation);
        lines
            .iter()
            .zip(&wanted)
            .all(|(line, wanted)| line.strip_prefix(&prefix) == Some(wanted))
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
