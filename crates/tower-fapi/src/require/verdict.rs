//! What becomes of a request that lacks what is asked for in code: the same as of one that lacks what a rule asks for.

use fapi_core::config::Mode;
use fapi_core::{Denial, PolicyError};
use http::Response;
use http::request::Parts;

use super::Check;
use crate::Access;
use crate::interaction::InteractionId;
use crate::measure::{self, Decision};
use crate::refusal::Refusal;
use crate::report::Reported;
use crate::response;
use crate::target::Preflight;

/// The response to a request that is refused; `None`: it goes on.
pub(super) fn judge(parts: &mut Parts, check: &Check) -> Option<Response<()>> {
    if let Some(access) = parts.extensions.get::<Access>() {
        let lacking = check(access, parts).err()?;
        let access = access.clone();
        return settle(lacking, &access, parts).map(Refusal::into_response);
    }
    // Refused already, were it not for the mode; and preflight requests have no token to look at.
    if parts.extensions.get::<Reported>().is_some() || parts.extensions.get::<Preflight>().is_some()
    {
        return None;
    }
    tracing::error!(
        target: "tower_fapi",
        path = parts.uri.path(),
        "a requirement stands where no `FapiLayer` asks for a token: it belongs inside the layer, and not on a public route"
    );
    Some(response::misconfigured(response::protocol(&parts.headers)))
}

/// Tells the operator what a request lacks, and does what the mode says under which it came in. `None`: it goes on, with
/// [`Reported`] in the place of [`Access`].
pub(crate) fn settle(lacking: PolicyError, access: &Access, parts: &mut Parts) -> Option<Refusal> {
    let denial = Denial::Insufficient(lacking);
    let challenge = access.challenge(&denial);
    let id = match parts.extensions.get::<InteractionId>() {
        Some(id) => id.clone(),
        None => InteractionId::of(&parts.headers),
    };
    match access.mode() {
        Mode::Enforce => {
            measure::required(Decision::Refused(denial.reason()));
            access
                .refusals()
                .refused(&denial, &challenge, &id, access.now());
            Some(Refusal {
                denial,
                challenge,
                protocol: response::protocol(&parts.headers),
                id,
            })
        }
        Mode::ReportOnly => {
            measure::required(Decision::Reported(denial.reason()));
            access
                .refusals()
                .reported(&denial, &challenge, &id, access.now());
            parts.extensions.remove::<Access>();
            parts.extensions.insert(Reported::new(denial, challenge));
            None
        }
    }
}
