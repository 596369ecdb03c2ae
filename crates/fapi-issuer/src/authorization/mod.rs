//! Authorization requests: what a client pushes, what a user makes of it, and the answer that goes back.

mod claims;
mod details;
mod grant;
mod parameters;
mod problem;
mod request;
mod response;

pub(crate) use claims::{ClaimsRequest, claims_of_scope};
pub(crate) use details::{DetailTypes, common_members_are_right};
pub(crate) use grant::{Authorization, Code, RefreshToken, name_of};
pub(crate) use parameters::Parameters;
pub(crate) use problem::{AuthorizationProblem, FrontError};
pub(crate) use request::{AuthorizationRequest, Prompt, Rules};
pub(crate) use response::{AuthorizationResponse, see_other};
