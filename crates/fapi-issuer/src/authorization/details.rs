//! Authorization details (RFC 9396): which types there are.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The most details in a request.
const MAX_DETAILS: usize = 32;

/// Whether the members of a detail are right, by the type's own rules.
type Check = dyn Fn(&Map<String, Value>) -> bool + Send + Sync;

/// The types that this server knows, and how each is checked.
#[derive(Clone, Default)]
pub(crate) struct DetailTypes(HashMap<Box<str>, Arc<Check>>);

/// Details that cannot be granted (`invalid_authorization_details`, RFC 9396 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongDetails;

impl DetailTypes {
    pub(crate) fn add(&mut self, name: &str, check: Arc<Check>) {
        self.0.insert(name.into(), check);
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.0.keys().map(|name| &**name).collect();
        names.sort_unstable();
        names
    }

    /// Reads `authorization_details`: an array of objects, each with a `type` that is among `allowed`.
    pub(crate) fn read(
        &self,
        value: Option<Value>,
        allowed: &[String],
    ) -> Result<Vec<Value>, WrongDetails> {
        let details = match value {
            None => return Ok(Vec::new()),
            Some(Value::Array(details)) if details.len() <= MAX_DETAILS => details,
            Some(_) => return Err(WrongDetails),
        };
        for detail in &details {
            let members = detail.as_object().ok_or(WrongDetails)?;
            let name = members
                .get("type")
                .and_then(Value::as_str)
                .ok_or(WrongDetails)?;
            let check = self.0.get(name).ok_or(WrongDetails)?;
            let is_allowed = allowed.iter().any(|allowed| allowed == name);
            if !is_allowed || !check(members) {
                return Err(WrongDetails);
            }
        }
        Ok(details)
    }
}

/// Whether the members that RFC 9396 §2.2 defines have the right types.
pub(crate) fn common_members_are_right(detail: &Map<String, Value>) -> bool {
    let texts = ["locations", "actions", "datatypes", "privileges"];
    let arrays = texts.iter().all(|name| match detail.get(*name) {
        None => true,
        Some(Value::Array(values)) => values.iter().all(Value::is_string),
        Some(_) => false,
    });
    arrays && detail.get("identifier").is_none_or(Value::is_string)
}

impl fmt::Debug for DetailTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_known_and_allowed_types_with_right_members() {
        let mut types = DetailTypes::default();
        types.add("payment", Arc::new(common_members_are_right));
        types.add("other", Arc::new(|_| true));
        let allowed = ["payment".to_owned()];
        let read = |value| types.read(Some(value), &allowed);
        let good = json!([{ "type": "payment", "actions": ["initiate"], "amount": { "x": 1 } }]);
        assert_eq!(read(good.clone()).unwrap(), *good.as_array().unwrap());
        assert_eq!(types.read(None, &allowed), Ok(Vec::new()));
        for wrong in [
            json!({}),
            json!([1]),
            json!([{}]),
            json!([{ "type": 1 }]),
            json!([{ "type": "unknown" }]),
            json!([{ "type": "other" }]),
            json!([{ "type": "payment", "actions": "initiate" }]),
            json!([{ "type": "payment", "locations": [1] }]),
            json!([{ "type": "payment", "identifier": 1 }]),
            json!(vec![json!({ "type": "payment" }); 33]),
        ] {
            assert_eq!(read(wrong.clone()), Err(WrongDetails), "{wrong}");
        }
    }
}
