//! What the suite's browser does on the issuer's pages.

use fapi_tests::suite::document::{PASSWORD, USERNAME};
use serde_json::{Value, json};

/// Logs in if asked to, and approves.
pub(crate) fn approves(issuer: &str, callback: &str) -> Value {
    json!([visit(issuer, callback, "approve")])
}

/// The modules in which the user does something else.
pub(crate) fn overrides(issuer: &str, callback: &str) -> Value {
    let looks_first = json!([looks(issuer), visit(issuer, callback, "approve")]);
    json!({
        "fapi2-security-profile-final-user-rejects-authentication": {
            "browser": [visit(issuer, callback, "deny")],
        },
        "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": {
            "browser": looks_first,
        },
    })
}

/// The first time the user only looks at the page.
fn looks(issuer: &str) -> Value {
    json!({
        "match": format!("{issuer}/authorize*"),
        "match-limit": 1,
        "tasks": [{
            "task": "Look",
            "match": format!("{issuer}/login*"),
            "commands": [["wait", "id", "username", 10]],
        }],
    })
}

/// Every page may be left out: nobody logs in twice, and an error page is the end.
fn visit(issuer: &str, callback: &str, button: &str) -> Value {
    json!({
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
    })
}
