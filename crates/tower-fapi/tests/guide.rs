//! The pages of `docs`: each is in the guide, and each configuration in them is one that the layer takes.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fapi_core::Policy;
use serde_json::{Map, Value, json};
use tower_fapi::FapiConfig;

/// All pages, by file name.
fn pages() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        pages.insert(name, fs::read_to_string(&path).unwrap());
    }
    pages
}

/// The JSON snippets of a page, in order.
fn snippets(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("```json\n") {
        let (snippet, after) = after.split_once("```").expect("an end of the block");
        found.push(snippet);
        rest = after;
    }
    found
}

/// The snippet as a document: whole, or beside what every document has.
fn document(snippet: &str) -> Value {
    let mut members: Map<String, Value> =
        serde_json::from_str(snippet).unwrap_or_else(|error| panic!("{error}:\n{snippet}"));
    members
        .entry("resource")
        .or_insert_with(|| json!("https://api.example.com"));
    members
        .entry("issuers")
        .or_insert_with(|| json!([{ "issuer": "https://as.example.com" }]));
    members.into()
}

#[test]
fn every_configuration_can_be_used() {
    let pages = pages();
    for (name, page) in &pages {
        for snippet in snippets(page) {
            let usable = FapiConfig::from_json(&document(snippet).to_string())
                .and_then(|config| Policy::new(&config));
            if let Err(error) = usable {
                panic!("{name}: {error}:\n{snippet}");
            }
        }
    }
    let count: usize = pages.values().map(|page| snippets(page).len()).sum();
    assert!(count >= 20, "{count} snippets: are they marked as before?");
}

#[test]
fn a_wrong_configuration_would_be_noticed() {
    let page = "text\n```json\n{ \"dpop\": { \"max_age\": 60 } }\n```\n";
    let snippet = snippets(page)[0];
    let error = FapiConfig::from_json(&document(snippet).to_string()).unwrap_err();
    assert_eq!(error.path(), "dpop.max_age");
}

#[test]
fn every_page_is_in_the_guide() {
    let guide = include_str!("../src/guide.rs");
    for name in pages().keys() {
        let included = format!("include_str!(\"../docs/{name}\")");
        assert!(guide.contains(&included), "{name}");
    }
}
