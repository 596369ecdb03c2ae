//! A refused request, until it is answered.

use fapi_core::{Challenge, Denial, Protocol};
use http::Response;

use crate::interaction::InteractionId;
use crate::response;

/// Why a request is refused, what the client is told, and what the answer needs to know of the request.
pub(crate) struct Refusal {
    pub(crate) denial: Denial,
    pub(crate) challenge: Challenge,
    pub(crate) protocol: Protocol,
    pub(crate) id: InteractionId,
}

impl Refusal {
    pub(crate) fn into_response<B: Default>(self) -> Response<B> {
        let mut response = response::refuse(&self.challenge, self.protocol);
        self.id.put_on(response.headers_mut());
        response.extensions_mut().insert(self.denial);
        response
    }
}
