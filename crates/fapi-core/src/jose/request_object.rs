//! stub
#![allow(missing_docs)]
use super::Algorithm;
use crate::UnixTime;
use crate::keys::KeySet;
use jsonwebtoken::crypto::CryptoProvider;
use serde_json::{Map, Value};
#[derive(Debug)]
pub struct UnverifiedRequestObject<'a>(&'a str);
#[derive(Debug)]
pub struct RequestObjectRules<'a> {
    pub audience: &'a str,
    pub client_id: &'a str,
    pub algorithm: Option<Algorithm>,
    pub future_seconds: u32,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestObjectError {
    X,
}
impl RequestObjectError {
    pub const fn code(self) -> &'static str {
        "x"
    }
}
#[derive(Debug)]
pub struct RequestParameters(Map<String, Value>);
impl RequestParameters {
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
impl<'a> UnverifiedRequestObject<'a> {
    pub fn parse(t: &'a str) -> Result<Self, RequestObjectError> {
        Ok(Self(t))
    }
    pub fn verify(
        self,
        _: &KeySet,
        _: &RequestObjectRules<'_>,
        _: &CryptoProvider,
        _: UnixTime,
    ) -> Result<RequestParameters, RequestObjectError> {
        Err(RequestObjectError::X)
    }
}
