//! The `claims` parameter (OpenID Connect Core §5.5), and the claims that scope values stand for (§5.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::AuthorizationProblem;

/// Which claims were asked for, by name, and the few conditions that are more than a wish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimsRequest {
    /// In the ID token.
    pub(crate) id_token: Vec<String>,
    /// At the userinfo endpoint.
    pub(crate) userinfo: Vec<String>,
    /// The user must be this one (§5.5.1).
    pub(crate) subject: Option<String>,
    /// The values of `acr` one of which must be reached (§5.5.1.1): empty unless it was asked for as essential.
    pub(crate) acr: Vec<String>,
}

impl ClaimsRequest {
    /// Reads the parameter. Unknown members are ignored.
    pub(crate) fn read(value: Option<Value>) -> Result<Self, AuthorizationProblem> {
        let mut request = Self::default();
        let Some(value) = value else {
            return Ok(request);
        };
        let Value::Object(members) = value else {
            return Err(AuthorizationProblem::Claims);
        };
        let id_token = part(&members, "id_token")?;
        let userinfo = part(&members, "userinfo")?;
        for claims in [&id_token, &userinfo] {
            if let Some(subject) = wanted(claims, "sub").into_iter().next() {
                if request
                    .subject
                    .as_ref()
                    .is_some_and(|other| *other != subject)
                {
                    return Err(AuthorizationProblem::Claims);
                }
                request.subject = Some(subject);
            }
        }
        if is_essential(&id_token, "acr") {
            request.acr = wanted(&id_token, "acr");
        }
        request.id_token = id_token.keys().cloned().collect();
        request.userinfo = userinfo.keys().cloned().collect();
        Ok(request)
    }
}

fn part(
    members: &Map<String, Value>,
    name: &str,
) -> Result<Map<String, Value>, AuthorizationProblem> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(claims)) => {
            let is_request = |value: &Value| value.is_null() || value.is_object();
            if claims.values().all(is_request) {
                Ok(claims.clone())
            } else {
                Err(AuthorizationProblem::Claims)
            }
        }
        Some(_) => Err(AuthorizationProblem::Claims),
    }
}

/// The texts in `value` or `values` of a claim.
fn wanted(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    let Some(request) = claims.get(name) else {
        return Vec::new();
    };
    let one = request.get("value").and_then(Value::as_str);
    let several = request.get("values").and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(several).map(str::to_owned).collect()
}

fn is_essential(claims: &Map<String, Value>, name: &str) -> bool {
    let essential = claims
        .get(name)
        .and_then(|request| request.get("essential"));
    essential.and_then(Value::as_bool) == Some(true)
}

/// The claims that a scope value asks for (OpenID Connect Core §5.4).
pub(crate) fn claims_of_scope(value: &str) -> &'static [&'static str] {
    match value {
        "profile" => &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
        "email" => &["email", "email_verified"],
        "address" => &["address"],
        "phone" => &["phone_number", "phone_number_verified"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_forms_of_a_request_are_read() {
        let request = ClaimsRequest::read(Some(json!({
            "id_token": {
                "name": null,
                "email": { "essential": true, "x": 1 },
                "acr": { "essential": true, "values": ["a", "b"] },
                "sub": { "value": "alice" },
                "auth_time": { "essential": true },
            },
            "userinfo": { "birthdate": { "values": ["1", 2] } },
            "unknown": 1,
        })))
        .unwrap();
        assert_eq!(request.userinfo, ["birthdate"]);
        assert_eq!(request.subject.as_deref(), Some("alice"));
        assert_eq!(request.acr, ["a", "b"]);
        assert!(request.id_token.contains(&"email".to_owned()));
        let voluntary = json!({ "id_token": { "acr": { "value": "a" } } });
        assert!(ClaimsRequest::read(Some(voluntary)).unwrap().acr.is_empty());
        assert_eq!(ClaimsRequest::read(None).unwrap(), ClaimsRequest::default());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for wrong in [
            json!([]),
            json!("x"),
            json!({ "id_token": [] }),
            json!({ "id_token": { "name": 1 } }),
            json!({ "id_token": { "sub": { "value": "a" } }, "userinfo": { "sub": { "value": "b" } } }),
        ] {
            let read = ClaimsRequest::read(Some(wrong.clone()));
            assert_eq!(read, Err(AuthorizationProblem::Claims), "{wrong}");
        }
    }
}
