//! The servers, and the files that say to the suite how to use them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

mod scene;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::scene::{Client, Program};

#[tokio::test]
async fn the_clients_of_the_files_get_tokens_and_accounts() {
    let program = Program::start(&[]);
    for variant in [
        "jwt-dpop",
        "jwt-mtls",
        "tls-dpop",
        "tls-mtls",
        "selfsigned-dpop",
        "selfsigned-mtls",
    ] {
        let client = Client::of(&program, &format!("suite/layer/{variant}-ccg.json")).await;
        let token = client.token().await;
        assert_eq!(client.status(&token).await, 200, "{variant}");
        let stolen = client.status_for_a_thief(&token, &program).await;
        assert_eq!(stolen, 401, "{variant}");
    }
}

#[tokio::test]
async fn files_stay_as_they_are_until_a_name_changes() {
    let mut program = Program::start(&[]);
    let file = "suite/layer/jwt-dpop-ccg.json";
    let token = Client::of(&program, file).await.token().await;
    let before = program.text(file);
    program.restart(&[]);
    assert_eq!(program.text(file), before);
    let client = Client::of(&program, file).await;
    // It is for another key now, which this client has made: the token is known, the proof is refused.
    assert_eq!(client.status(&token).await, 401);
    assert_eq!(client.status(&client.token().await).await, 200);

    program.restart(&["--alias", "another"]);
    assert_ne!(program.text(file), before);
    let client = Client::of(&program, file).await;
    assert_eq!(client.status(&client.token().await).await, 200);
}

#[test]
fn every_plan_has_a_file_whose_clients_the_issuer_knows() {
    let program = Program::start(&[]);
    let issuer = program.json("issuer.json");
    let known: BTreeMap<&str, &Value> = issuer["clients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|client| (client["client_id"].as_str().unwrap(), client))
        .collect();
    let plans = program.plans();
    assert_eq!(plans.len(), known.len(), "two clients, two doors");
    for (plan, file) in plans {
        let configuration = program.json(&file);
        for member in ["client", "client2"] {
            let client = &configuration[member];
            let known = known[client["client_id"].as_str().unwrap()];
            for scope in client["scope"].as_str().unwrap().split(' ') {
                assert!(known["scope"].as_str().unwrap().contains(scope), "{file}");
            }
            let (ours, theirs) = (&known["jwks"]["keys"][0], &client["jwks"]["keys"][0]);
            for name in ["kid", "alg", "x", "n"] {
                assert_eq!(ours[name], theirs[name], "{file}");
            }
            assert!(theirs["d"].is_string(), "{file}");
            let has_a_user = !plan.contains("fapi_client_credentials_grant");
            assert_eq!(known["redirect_uris"].is_array(), has_a_user, "{file}");
        }
        let message_signing = plan.starts_with("fapi2-message-signing");
        assert_eq!(plan.contains("[fapi_request_method="), message_signing);
    }
}
