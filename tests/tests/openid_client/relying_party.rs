//! The client as a child process.

use std::path::Path;
use std::sync::LazyLock;

use fapi_tests::foreign::{NodeProject, Program};
use reqwest::Url;
use serde_json::{Value, json};

/// A running openid-client; `tests/interop/client` says what its steps are.
pub(crate) struct RelyingParty {
    /// None only while a step is under way.
    program: Option<Program>,
}

/// Why a step failed, in the library's words: `error` and `status` of a response, `code` of its own.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Value);

impl RelyingParty {
    pub(crate) async fn start() -> Self {
        let start = || Program::start(&mut PROJECT.script("client/main.mjs"));
        let program = tokio::task::spawn_blocking(start).await.unwrap();
        Self {
            program: Some(program),
        }
    }

    /// Takes the step that this describes.
    pub(crate) async fn step(&mut self, step: &Value) -> Result<Value, Failed> {
        let mut program = self.program.take().unwrap();
        let step = step.clone();
        let (program, mut answer) = tokio::task::spawn_blocking(move || {
            program.tell(&step);
            let answer = program.hear();
            (program, answer)
        })
        .await
        .unwrap();
        self.program = Some(program);
        match answer.get_mut("failed") {
            Some(failure) => Err(Failed(failure.take())),
            None => Ok(answer["done"].take()),
        }
    }

    /// Pushes an authorization request. Gives the address for the user.
    pub(crate) async fn authorize(
        &mut self,
        request: Request,
        parameters: Value,
    ) -> Result<String, Failed> {
        let signed = matches!(request, Request::Signed);
        let step = json!({ "do": "authorize", "parameters": parameters, "signed": signed });
        let url = self.step(&step).await?;
        Ok(url.as_str().unwrap().to_owned())
    }

    /// Takes the user's answer, and redeems the code in it.
    pub(crate) async fn redeem(&mut self, callback: &Url) -> Result<Value, Failed> {
        self.step(&json!({ "do": "redeem", "url": callback.as_str() }))
            .await
    }
}

/// How parameters are pushed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    Plain,
    /// As a request object (RFC 9101).
    Signed,
}

static PROJECT: LazyLock<NodeProject> = LazyLock::new(|| {
    NodeProject::install(
        &Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop"),
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("interop"),
    )
});
