//! A form that somebody sent, and who that is.

use std::sync::Arc;

use axum::body::Body;
use fapi_core::UnixTime;
use fapi_core::dpop::GrantProof;
use fapi_core::jose::VerifiedAssertion;
use fapi_core::mtls::Peer;
use fapi_core::token::Confirmation;
use http::{HeaderMap, Request};

use super::Form;
use crate::certificate::{CertificateProblem, Certificates, Shown};
use crate::client::{self, Claimed, Method, RegisteredClient};
use crate::error::{ClientProblem, EndpointError, SenderProblem};
use crate::issuer::Issuer;
use crate::resource_server::RegisteredResourceServer;
use crate::sender::Endpoint;
use crate::uses::Bundle;

/// A POST request, read.
pub(super) struct Posted {
    pub(super) headers: HeaderMap,
    pub(super) form: Form,
    certificate: Option<Shown>,
}

impl Posted {
    /// Reads a request that may come from anybody: one too many is refused before its body is read.
    pub(super) async fn read_limited(
        issuer: &Issuer,
        request: Request<Body>,
        now: UnixTime,
    ) -> Result<Self, EndpointError> {
        let peer = peer(&request);
        issuer.parts().limits.check_address(&peer, now)?;
        Self::read(issuer, request).await
    }

    pub(super) async fn read(
        issuer: &Issuer,
        request: Request<Body>,
    ) -> Result<Self, EndpointError> {
        let (head, body) = request.into_parts();
        let form = Form::read(&head.headers, body).await?;
        let certificates = issuer.parts().certificates.as_ref();
        Ok(Self {
            certificate: certificates
                .and_then(|certificates| certificates.shown(&head.extensions, &head.headers)),
            headers: head.headers,
            form,
        })
    }

    /// Whose request it is. What proves it may still have been used before: [`Sender::spend`] sees to that.
    pub(super) async fn client(
        &self,
        issuer: &Issuer,
        now: UnixTime,
    ) -> Result<AuthenticatedClient, EndpointError> {
        let parts = issuer.parts();
        let claimed = Claimed::read(&self.headers, &self.form)?;
        let client = parts
            .clients
            .find(&parts.storage, claimed.client_id(), now)
            .await?
            .ok_or_else(|| claimed.unknown())?;
        let assertion = match (&client.method, claimed) {
            (Method::PrivateKeyJwt(only), Claimed::Assertion(assertion)) => {
                let keys = client.keys().ok_or(ClientProblem::Unknown)?;
                let keys = keys.find(assertion.kid()).await;
                let keys = keys.map_err(EndpointError::ClientKeys)?;
                let rules = issuer.assertion_rules();
                Some(client::verify(assertion, &keys, *only, &rules, now)?)
            }
            (Method::Tls(subject), Claimed::Name(_)) => {
                let (certificates, shown) = self.shown(issuer)?;
                certificates
                    .check_subject(shown, subject, now)
                    .map_err(ClientProblem::Certificate)?;
                None
            }
            (Method::SelfSignedTls, Claimed::Name(_)) => {
                let (_, shown) = self.shown(issuer)?;
                let key = shown.key().map_err(ClientProblem::Certificate)?;
                let keys = client.keys().ok_or(ClientProblem::Unknown)?;
                let keys = keys.find(None).await;
                let keys = keys.map_err(EndpointError::ClientKeys)?;
                if !keys.contains(&key) {
                    return Err(ClientProblem::Certificate(CertificateProblem::OtherKey).into());
                }
                None
            }
            (Method::PrivateKeyJwt(_), Claimed::Name(_)) => {
                return Err(ClientProblem::Missing.into());
            }
            (Method::Tls(_) | Method::SelfSignedTls, Claimed::Assertion(_)) => {
                return Err(ClientProblem::OtherMethod.into());
            }
        };
        parts.limits.check_client(&client.client_id, now)?;
        Ok(AuthenticatedClient { client, assertion })
    }

    /// The certificate of the request, which a client authenticates with.
    fn shown<'a>(
        &'a self,
        issuer: &'a Issuer,
    ) -> Result<(&'a Certificates, &'a Shown), ClientProblem> {
        let certificates = issuer.parts().certificates.as_deref();
        certificates
            .zip(self.certificate.as_ref())
            .ok_or(ClientProblem::Certificate(CertificateProblem::Missing))
    }

    /// The resource server whose request it is. Its assertion is used up.
    pub(super) async fn resource_server<'a>(
        &self,
        issuer: &'a Issuer,
        now: UnixTime,
    ) -> Result<&'a RegisteredResourceServer, EndpointError> {
        let parts = issuer.parts();
        let Claimed::Assertion(assertion) = Claimed::read(&self.headers, &self.form)? else {
            return Err(ClientProblem::Missing.into());
        };
        let server = parts
            .resource_servers
            .get(assertion.claimed_client_id())
            .ok_or(ClientProblem::Unknown)?;
        let rules = issuer.assertion_rules();
        let assertion = client::verify(assertion, server.as_ref(), None, &rules, now)?;
        spend_assertion(issuer, &assertion, now).await?;
        Ok(server)
    }

    /// What a token of this client will be bound to.
    pub(super) fn sender(
        &self,
        issuer: &Issuer,
        client: &RegisteredClient,
        endpoint: &Endpoint,
        now: UnixTime,
    ) -> Result<Sender, EndpointError> {
        let certificate = match &self.certificate {
            _ if !client.sender.needs_certificate() => None,
            None => return Err(SenderProblem::CertificateMissing.into()),
            Some(shown) => Some(shown.thumbprint()),
        };
        let proof = if client.sender.needs_key() {
            Some(self.proof(issuer, endpoint, now)?)
        } else {
            None
        };
        let key = proof.as_ref().map(|proof| *proof.thumbprint());
        let confirmation = match (key, certificate) {
            (Some(key), Some(certificate)) => Confirmation::KeyAndCertificate(key, certificate),
            (Some(key), None) => Confirmation::Key(key),
            (None, Some(certificate)) => Confirmation::Certificate(certificate),
            (None, None) => return Err(SenderProblem::CertificateMissing.into()),
        };
        Ok(Sender {
            proof,
            confirmation,
        })
    }

    /// The DPoP proof of the request.
    pub(super) fn proof(
        &self,
        issuer: &Issuer,
        endpoint: &Endpoint,
        now: UnixTime,
    ) -> Result<GrantProof, EndpointError> {
        let parts = issuer.parts();
        let epoch = parts.storage.epoch();
        Ok(parts.sender.verify(&self.headers, endpoint, &epoch, now)?)
    }
}

/// Who is at the other end of the connection.
pub(super) fn peer(request: &Request<Body>) -> Peer {
    request.extensions().get().copied().unwrap_or_default()
}

/// A client that has shown to be one of ours.
pub(super) struct AuthenticatedClient {
    pub(super) client: Arc<RegisteredClient>,
    assertion: Option<VerifiedAssertion>,
}

/// What the sender of a token request has shown to have.
pub(super) struct Sender {
    pub(super) proof: Option<GrantProof>,
    pub(super) confirmation: Confirmation,
}

impl AuthenticatedClient {
    /// Uses up what came with the request. A proof comes first: its memory may still ask for a nonce, and the same
    /// assertion must then be good for the retry.
    pub(super) async fn spend(
        &self,
        issuer: &Issuer,
        proof: Option<(&GrantProof, &Endpoint)>,
        now: UnixTime,
    ) -> Result<(), EndpointError> {
        let parts = issuer.parts();
        let name = parts.uri.as_str();
        let since = parts.storage.epoch().since();
        if let Some(assertion) = &self.assertion {
            client::check_age(assertion, since, parts.after_restart)?;
        }
        let bundle = Bundle {
            proof: proof.map(|(proof, endpoint)| {
                endpoint.replay_query(proof, name, &self.client.client_id)
            }),
            assertion: self
                .assertion
                .as_ref()
                .map(|assertion| client::replay_query(assertion, name)),
        };
        let spent = parts.uses.spend(&parts.storage, &bundle, now).await?;
        if let (Some((proof, _)), Some(answer)) = (proof, &spent.proof) {
            parts.sender.decide(proof, answer, now)?;
        }
        spent.assertion.map_or(Ok(()), client::decide)
    }
}

async fn spend_assertion(
    issuer: &Issuer,
    assertion: &VerifiedAssertion,
    now: UnixTime,
) -> Result<(), EndpointError> {
    let parts = issuer.parts();
    client::check_age(
        assertion,
        parts.storage.epoch().since(),
        parts.after_restart,
    )?;
    let bundle = Bundle {
        proof: None,
        assertion: Some(client::replay_query(assertion, parts.uri.as_str())),
    };
    let spent = parts.uses.spend(&parts.storage, &bundle, now).await?;
    spent.assertion.map_or(Ok(()), client::decide)
}
