//! The manifests for Istio and Envoy Gateway, against the schemas of their kinds and against each other.
//!
//! Needs what `fapi_tests::foreign` needs, and the proxy for Go modules, where the schemas are.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use fapi_core::Policy;
use fapi_tests::foreign::python;
use serde_json::{Value, json};
use tower_fapi::FapiConfig;

/// All manifests. They fit their schemas.
static MANIFESTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let (sources, place) = (
        folder("tests/manifests"),
        Path::new(env!("CARGO_TARGET_TMPDIR")),
    );
    let requirements = sources.join("requirements.txt");
    let output = Command::new(python(
        &place.join("manifests"),
        &requirements,
        "jsonschema",
    ))
    .arg(sources.join("check.py"))
    .arg(place.join("go-modules"))
    .args([
        folder("istio"),
        folder("istio-wasmplugin"),
        folder("gateway"),
    ])
    .output()
    .unwrap();
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problems}");
    serde_json::from_slice(&output.stdout).unwrap()
});

#[test]
fn every_configuration_of_the_filter_can_be_used() {
    let configurations = [&in_istio(), in_wasm_plugin(), in_envoy_gateway()];

    for document in configurations {
        let config = FapiConfig::from_json(&document.to_string()).unwrap();
        Policy::new(&config).unwrap();
    }
}

#[test]
fn what_fails_lets_nothing_through() {
    let istio = &extension_config()["config"];
    assert_eq!(istio["failure_policy"], "FAIL_CLOSED");
    assert_eq!(wasm()["failOpen"], false);
    assert_eq!(wasm_plugin()["failStrategy"], "FAIL_CLOSE");
}

#[test]
fn the_module_is_named_by_its_digest() {
    let istio = &extension_config()["config"]["vm_config"]["code"]["remote"]["sha256"];
    let gateway = &wasm()["code"]["image"]["sha256"];
    for digest in [istio, &wasm_plugin()["sha256"], gateway] {
        // A number in YAML unless it is quoted.
        let hex = text(digest).bytes().filter(u8::is_ascii_hexdigit);
        assert_eq!(hex.count(), 64, "{digest}");
    }
}

#[test]
fn no_other_plugin_has_the_vm_id() {
    // Envoy Gateway makes its own.
    let id = extension_config()["config"]["vm_config"]["vm_id"].as_str();
    assert!(id.is_some_and(|id| !id.is_empty()));
    // A WasmPlugin has none, and a secret in its place.
    let key = in_wasm_plugin()["envoy"]["shared_data_key"]["env"].as_str();
    assert_eq!(wasm_plugin()["vmConfig"]["env"][0]["name"].as_str(), key);
    assert!(key.is_some());
}

#[test]
fn a_path_has_one_spelling() {
    for filter in ["fapi", "one-spelling"] {
        let istio = &patch_of(filter, "NETWORK_FILTER")["typed_config"];
        assert_eq!(istio["normalize_path"], true);
        assert_eq!(istio["merge_slashes"], true);
        assert_eq!(istio["path_with_escaped_slashes_action"], "REJECT_REQUEST");
    }

    let policy = &manifest("ClientTrafficPolicy", "public")["spec"];
    assert_eq!(policy["targetRefs"][0]["kind"], "Gateway");
    assert_eq!(policy["path"]["disableMergeSlashes"], false);
    assert_eq!(policy["path"]["escapedSlashesAction"], "RejectRequest");
}

#[test]
fn in_istio_the_issuer_is_reached_over_verified_tls() {
    let entry = &manifest("ServiceEntry", "issuer")["spec"];
    let host = entry["hosts"][0].as_str().unwrap();
    let cluster = format!("outbound|{}||{host}", entry["ports"][0]["number"]);
    for document in [&in_istio(), in_wasm_plugin()] {
        assert_eq!(document["envoy"]["cluster"], cluster);
        assert_eq!(document["issuers"][0]["issuer"], format!("https://{host}"));
    }

    let rule = &manifest("DestinationRule", "issuer")["spec"];
    assert_eq!(rule["host"], host);
    let tls = &rule["trafficPolicy"]["tls"];
    assert_eq!(tls["mode"], "SIMPLE");
    assert_eq!(tls["sni"], host);
    assert_eq!(tls["subjectAltNames"], json!([host]));
    assert!(tls["credentialName"].is_string());
}

#[test]
fn in_envoy_gateway_the_issuer_is_reached_over_verified_tls() {
    let route = manifest("HTTPRoute", "issuer");
    let [namespace, name] = ["namespace", "name"].map(|member| text(&route["metadata"][member]));
    let cluster = format!("httproute/{namespace}/{name}/rule/0");
    assert_eq!(in_envoy_gateway()["envoy"]["cluster"], cluster);

    let backend = &route["spec"]["rules"][0]["backendRefs"][0];
    let endpoint = &manifest("Backend", text(&backend["name"]))["spec"]["endpoints"][0]["fqdn"];
    let issuer = text(&endpoint["hostname"]);
    assert_eq!(
        in_envoy_gateway()["issuers"][0]["issuer"],
        format!("https://{issuer}")
    );

    let policy = &manifest("BackendTLSPolicy", "issuer")["spec"];
    for member in ["group", "kind", "name"] {
        assert_eq!(policy["targetRefs"][0][member], backend[member]);
    }
    assert_eq!(policy["validation"]["hostname"], issuer);
    assert_eq!(
        policy["validation"]["caCertificateRefs"][0]["kind"],
        "ConfigMap"
    );
}

#[test]
fn the_filter_is_in_front_of_the_api() {
    let target = &manifest("EnvoyExtensionPolicy", "fapi")["spec"]["targetRefs"][0];
    assert_eq!(target["kind"], "HTTPRoute");
    let route = &manifest("HTTPRoute", text(&target["name"]))["spec"];
    let origin = format!("https://{}", text(&route["hostnames"][0]));
    assert_eq!(in_envoy_gateway()["resource"], origin);

    assert_eq!(
        patch("HTTP_FILTER")["name"],
        patch("EXTENSION_CONFIG")["name"]
    );
}

/// The configuration in the EnvoyFilter.
fn in_istio() -> Value {
    serde_json::from_str(text(
        &extension_config()["config"]["configuration"]["value"],
    ))
    .unwrap()
}

/// The configuration in the WasmPlugin.
fn in_wasm_plugin() -> &'static Value {
    &wasm_plugin()["pluginConfig"]
}

fn wasm_plugin() -> &'static Value {
    &manifest("WasmPlugin", "fapi")["spec"]
}

/// The configuration in the EnvoyExtensionPolicy.
fn in_envoy_gateway() -> &'static Value {
    &wasm()["config"]
}

fn extension_config() -> &'static Value {
    &patch("EXTENSION_CONFIG")["typed_config"]
}

fn wasm() -> &'static Value {
    &manifest("EnvoyExtensionPolicy", "fapi")["spec"]["wasm"][0]
}

/// What the EnvoyFilter does to this.
fn patch(apply_to: &str) -> &'static Value {
    patch_of("fapi", apply_to)
}

/// What an EnvoyFilter does to this.
fn patch_of(filter: &str, apply_to: &str) -> &'static Value {
    let patches = &manifest("EnvoyFilter", filter)["spec"]["configPatches"];
    let mut patches = patches.as_array().unwrap().iter();
    &patches.find(|patch| patch["applyTo"] == apply_to).unwrap()["patch"]["value"]
}

fn manifest(kind: &str, name: &str) -> &'static Value {
    let mut all = MANIFESTS.iter();
    all.find(|manifest| manifest["kind"] == kind && manifest["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// A folder of this example.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
