//! `fapi-issuer token`: a token for a client, to try things out.

use clap::Args;
use serde_json::Value;

use crate::caller::{Caller, CallerArgs};
use crate::failure::Failure;
use crate::serve::say;

#[derive(Args)]
pub(crate) struct Token {
    #[command(flatten)]
    caller: CallerArgs,
}

impl Token {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = Caller::find(&self.caller).await?;
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(self.caller.scope.as_deref().map(|scope| ("scope", scope)));
        let answer = caller.post("token_endpoint", &fields).await?;
        say(&Value::from(answer.clone()).to_string())?;
        tell_request(&caller, &self.caller, answer.get("access_token"))
    }
}

/// Prints how to use a token.
pub(crate) fn tell_request(
    caller: &Caller,
    arguments: &CallerArgs,
    token: Option<&Value>,
) -> Result<(), Failure> {
    match (&arguments.request, token.and_then(Value::as_str)) {
        (Some(request), Some(token)) => say(&caller.curl(request, token)?),
        _ => Ok(()),
    }
}
