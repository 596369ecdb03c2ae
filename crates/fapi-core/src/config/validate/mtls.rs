//! `mtls`.

use super::in_range;
use crate::config::{CertificateFrom, ConfigError, MtlsConfig, TrustedProxy};

pub(super) fn check(mtls: &MtlsConfig) -> Result<(), ConfigError> {
    let hops = u64::from(mtls.trusted_hops);
    in_range("mtls.trusted_hops", hops, 1..=16, "hops")?;
    for (i, proxy) in mtls.trusted_proxies.iter().enumerate() {
        // The document's values come from this very parser; values made in Rust have not seen it.
        if let Err(problem) = proxy.to_string().parse::<TrustedProxy>() {
            let path = format!("mtls.trusted_proxies[{i}]");
            return Err(ConfigError::invalid(path, problem.to_string()));
        }
    }
    match mtls.certificate_from {
        CertificateFrom::Xfcc | CertificateFrom::ClientCert if mtls.trusted_proxies.is_empty() => {
            Err(ConfigError::missing(
                "mtls.trusted_proxies",
                "a certificate header is believed only from peers named here",
            ))
        }
        _ => Ok(()),
    }
}
