//! What the suite's browser does on the issuer's pages.

use fapi_tests::suite::document::{PASSWORD, USERNAME};
use serde_json::{Value, json};

/// Logs in if asked to, and approves.
pub(crate) fn approves(issuer: &str, callback: &str) -> Value {
    script(issuer, callback, "approve")
}

/// The modules in which the user does something else.
pub(crate) fn overrides(issuer: &str, callback: &str) -> Value {
    json!({
        "fapi2-security-profile-final-user-rejects-authentication": {
            "browser": script(issuer, callback, "deny"),
        },
    })
}

fn script(issuer: &str, callback: &str, button: &str) -> Value {
    json!([{
        "match": format!("{issuer}/authorize*"),
        "tasks": [
            {
                "task": "Error page",
                "optional": true,
                "match": format!("{issuer}/authorize*"),
                "commands": [["wait", "id", "fapi-error", 5, ".*", "update-image-placeholder-optional"]],
            },
            {
                "task": "Login",
                "optional": true,
                "match": format!("{issuer}/login*"),
                "commands": [
                    ["text", "id", "username", USERNAME],
                    ["text", "id", "password", PASSWORD],
                    ["click", "id", "login"],
                ],
            },
            {
                "task": "Consent",
                "optional": true,
                "match": format!("{issuer}/consent*"),
                "commands": [["click", "id", button]],
            },
            {
                "task": "Back at the suite",
                "optional": true,
                "match": format!("{callback}*"),
                "commands": [["wait", "id", "submission_complete", 10]],
            },
        ],
    }])
}
