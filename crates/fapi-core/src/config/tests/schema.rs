//! The schema file is what the types say, and says something about every member.

use crate::config::Config;

const FILE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/config.schema.json"
));

#[test]
fn the_schema_file_is_up_to_date() {
    // Values, not text: another crate of the build may switch on serde_json's `preserve_order`.
    let written: serde_json::Value = serde_json::from_str(FILE).unwrap();
    assert!(
        written == Config::json_schema() && FILE.ends_with("}\n"),
        "docs/config.schema.json differs from the types: run `cargo xtask schema`, or\n\
         cargo run -p fapi-core --features schema --example config_schema > docs/config.schema.json"
    );
}

#[test]
fn every_member_is_described() {
    let schema = Config::json_schema();
    let definitions = schema["$defs"].as_object().unwrap();
    // Somebody else's formats: they may have members that we do not know.
    let ours = definitions
        .iter()
        .filter(|(name, _)| *name != "JwkSet" && *name != "PrivateKey");
    let mut seen = 0;
    for object in ours.map(|(_, object)| object).chain([&schema]) {
        let Some(members) = object["properties"].as_object() else {
            continue;
        };
        assert_eq!(object["additionalProperties"], false, "{object}");
        for (name, member) in members {
            assert!(member["description"].is_string(), "{name}: {member}");
            seen += 1;
        }
    }
    assert!(seen > 70, "{seen}");
}
