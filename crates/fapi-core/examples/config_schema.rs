//! Prints the JSON Schema of the configuration document, as it stands in `docs/config.schema.json`.

use fapi_core::config::Config;

fn main() {
    println!("{:#}", Config::json_schema());
}
