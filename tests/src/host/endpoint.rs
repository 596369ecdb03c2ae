//! The issuer's introspection endpoint over HTTP.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use tower::service_fn;

use crate::introspection::Reply;
use crate::profile::Profile;

/// Answers each question as its token says (RFC 7662 §2).
pub(super) async fn serve(listener: tokio::net::TcpListener, profile: Profile) {
    let endpoint = service_fn(move |request: Request| async move {
        let form = axum::body::to_bytes(request.into_body(), 1 << 20).await;
        let form = form.expect("a whole body");
        let reply = Reply::to_question(profile, &form);
        let response = Response::builder()
            .status(reply.status)
            .header("content-type", reply.content_type)
            .body(Body::from(reply.body));
        Ok::<_, Infallible>(response.expect("a response"))
    });
    axum::serve(
        listener,
        axum::ServiceExt::<Request>::into_make_service(endpoint),
    )
    .await
    .expect("a server");
}
