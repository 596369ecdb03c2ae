//! Who sent a request, where no proof goes with it.

use fapi_core::{KeySet, UnixTime};
use http::HeaderMap;

use super::Form;
use crate::client;
use crate::error::EndpointError;
use crate::issuer::Issuer;

/// Authenticates the sender, among those that `registered` knows, and uses its assertion up: it serves once at all
/// endpoints together.
pub(super) fn caller<'a, T: AsRef<KeySet>>(
    issuer: &Issuer,
    registered: impl FnOnce(&str) -> Option<&'a T>,
    headers: &HeaderMap,
    form: &Form,
    now: UnixTime,
) -> Result<&'a T, EndpointError> {
    let rules = issuer.assertion_rules();
    let parts = issuer.parts();
    let caller = client::authenticate(registered, &rules, headers, form, now)?;
    client::record(
        &caller,
        &parts.assertions,
        parts.after_restart,
        parts.uri.as_str(),
        now,
    )?;
    Ok(caller.who)
}
