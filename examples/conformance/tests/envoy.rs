//! The resource behind Envoy. `cargo xtask envoy-test` builds the module and provides Envoy.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

#[expect(dead_code, reason = "the other tests use the rest")]
mod scene;

use std::env;

use crate::scene::{Client, Program};

#[tokio::test]
async fn the_clients_of_the_files_get_accounts_behind_envoy() {
    let provided = |name: &str| {
        env::var(name)
            .unwrap_or_else(|_| panic!("no {name}: run this with `cargo xtask envoy-test`"))
    };
    let envoy = provided("FAPI_ENVOY_BINARY");
    let module = provided("FAPI_ENVOY_MODULE");
    let program = Program::start(&["--envoy", &envoy, "--module", &module]);
    for variant in ["jwt-dpop", "tls-dpop", "selfsigned-mtls", "tls-mtls"] {
        let client = Client::of(&program, &format!("suite/envoy/{variant}-ccg.json")).await;
        let token = client.token().await;
        assert_eq!(client.status(&token).await, 200, "{variant}");
        let stolen = client.status_for_a_thief(&token, &program).await;
        assert_eq!(stolen, 401, "{variant}");

        // The other door is open all the same.
        let layer = Client::of(&program, &format!("suite/layer/{variant}-ccg.json")).await;
        assert_ne!(layer.resource, client.resource);
        assert_eq!(layer.status(&layer.token().await).await, 200, "{variant}");
    }
}
