//! Numbers for the operator, through the `metrics` facade; without the feature `metrics`, nothing at all.
//!
//! Every label has a closed set of values: what a request says never becomes one.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// Counts a request to the endpoint called `name`, and how long its answer took.
pub(crate) async fn request(name: &'static str, request: Request, next: Next) -> Response {
    #[cfg(feature = "metrics")]
    let begin = std::time::Instant::now();
    let response = next.run(request).await;
    #[cfg(feature = "metrics")]
    {
        let status = response.status().as_str().to_owned();
        metrics::counter!("fapi_issuer_requests_total", "endpoint" => name, "status" => status)
            .increment(1);
        metrics::histogram!("fapi_issuer_request_seconds", "endpoint" => name)
            .record(begin.elapsed().as_secs_f64());
    }
    #[cfg(not(feature = "metrics"))]
    let _ = name;
    response
}

/// Counts a request that was refused, by its reason.
pub(crate) fn refused(reason: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("fapi_issuer_refusals_total", "reason" => reason).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = reason;
}

/// Counts an access token that goes out at the token endpoint.
pub(crate) fn issued(grant_type: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("fapi_issuer_tokens_total", "grant_type" => grant_type).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = grant_type;
}

/// Tells the recorder the units and what is counted.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_histogram};
        describe_counter!(
            "fapi_issuer_requests_total",
            "Requests, by endpoint and status."
        );
        describe_histogram!(
            "fapi_issuer_request_seconds",
            Unit::Seconds,
            "From the arrival of a request to its answer, by endpoint."
        );
        describe_counter!("fapi_issuer_refusals_total", "Requests refused, by reason.");
        describe_counter!(
            "fapi_issuer_tokens_total",
            "Access tokens issued, by grant type."
        );
    }
}
