//! The parameters of an authorization request, wherever they came from.

use fapi_core::jose::RequestParameters;
use serde_json::{Map, Value};

use super::AuthorizationProblem;
use crate::endpoint::Form;

/// Parameters by name: texts of a form, or JSON values of a request object (RFC 9101 §4).
pub(crate) struct Parameters {
    values: Map<String, Value>,
    resources: Vec<String>,
}

impl Parameters {
    pub(crate) fn of_form(form: &Form) -> Self {
        let values = form.iter();
        Self {
            values: values
                .map(|(name, value)| (name.to_owned(), Value::from(value)))
                .collect(),
            resources: form.resources().to_vec(),
        }
    }

    /// `resource` is a text or an array of them here (RFC 8707 §2).
    pub(crate) fn of_object(object: RequestParameters) -> Result<Self, AuthorizationProblem> {
        let mut values = object.into_map();
        let resources = match values.remove("resource") {
            None => Vec::new(),
            Some(Value::String(one)) => vec![one],
            Some(several) => {
                serde_json::from_value(several).map_err(|_| AuthorizationProblem::WrongType)?
            }
        };
        Ok(Self { values, resources })
    }

    /// A parameter that is a text. An empty one counts as left out (RFC 6749 §3.1).
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, AuthorizationProblem> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(AuthorizationProblem::WrongType),
        }
    }

    /// A parameter that is a number of seconds: digits in a form.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<u32>, AuthorizationProblem> {
        let seconds = match self.values.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(value) => value
                .as_u64()
                .and_then(|seconds| u32::try_from(seconds).ok()),
        };
        seconds.map(Some).ok_or(AuthorizationProblem::WrongType)
    }

    /// A parameter that is JSON: as a text in a form, and perhaps as a value in a request object.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, AuthorizationProblem> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| AuthorizationProblem::WrongType),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn resources(&self) -> &[String] {
        &self.resources
    }
}
