//! What may be different on another machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Parser;
use serde::{Deserialize, Serialize};

/// An issuer and a protected resource for the conformance suite of the OpenID Foundation.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where keys, certificates and documents are kept. They are made anew when one of the next five changes.
    #[arg(long, value_name = "FOLDER", default_value = "target/conformance")]
    folder: PathBuf,
    #[command(flatten)]
    pub(crate) names: Names,
    /// Envoy's program. `cargo xtask conformance` sees to it.
    #[arg(long, value_name = "FILE", requires = "module")]
    envoy: Option<PathBuf>,
    /// The filter, as `cargo xtask wasm` builds it.
    #[arg(long, value_name = "FILE", requires = "envoy")]
    module: Option<PathBuf>,
}

/// What stands in the documents.
#[derive(Parser, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Names {
    /// The name or address by which the suite reaches this machine.
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    host: String,
    /// The first of four ports: the issuer, the issuer for clients with certificates, the resource behind the layer, the
    /// resource behind Envoy.
    #[arg(long, value_name = "PORT", default_value_t = 9443, value_parser = clap::value_parser!(u16).range(1..=65532))]
    port: u16,
    /// Where the suite is, without a slash at the end.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://localhost.emobix.co.uk:8443"
    )]
    suite: String,
    /// The alias of the test plans, which is a part of the redirect URIs.
    #[arg(long, value_name = "NAME", default_value = "fapi")]
    alias: String,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
}

/// Envoy, and the filter in it.
#[derive(Clone, Copy)]
pub(crate) struct Program<'a> {
    pub(crate) envoy: &'a Path,
    pub(crate) module: &'a Path,
}

/// The sockets, in the order of their ports.
#[derive(Clone, Copy)]
pub(crate) enum Socket {
    Issuer,
    IssuerForCertificates,
    Layer,
    Envoy,
}

impl Options {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// For what the suite reads.
    pub(crate) fn suite_folder(&self) -> PathBuf {
        self.folder.join("suite")
    }

    pub(crate) fn host(&self) -> &str {
        &self.names.host
    }

    pub(crate) fn alias(&self) -> &str {
        &self.names.alias
    }

    pub(crate) fn issuer(&self) -> String {
        self.origin(Socket::Issuer)
    }

    pub(crate) fn mtls_origin(&self) -> String {
        self.origin(Socket::IssuerForCertificates)
    }

    /// The resource identifier. It is the same behind Envoy: tokens are good at both.
    pub(crate) fn resource(&self) -> String {
        self.origin(Socket::Layer)
    }

    pub(crate) fn behind_envoy(&self) -> String {
        self.origin(Socket::Envoy)
    }

    /// Where the suite waits for users to come back.
    pub(crate) fn callback(&self) -> String {
        format!("{}/test/a/{}/callback", self.names.suite, self.names.alias)
    }

    pub(crate) fn envoy(&self) -> Option<Program<'_>> {
        let (envoy, module) = (self.envoy.as_deref()?, self.module.as_deref()?);
        Some(Program { envoy, module })
    }

    /// Where to listen.
    pub(crate) fn address(&self, socket: Socket) -> SocketAddr {
        SocketAddr::new(self.names.listen, self.port(socket))
    }

    /// Where something that listens is reached from this machine.
    pub(crate) fn local_address(&self, socket: Socket) -> SocketAddr {
        let mut address = self.address(socket);
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        address
    }

    fn origin(&self, socket: Socket) -> String {
        format!("https://{}:{}", self.names.host, self.port(socket))
    }

    fn port(&self, socket: Socket) -> u16 {
        let offset = match socket {
            Socket::Issuer => 0,
            Socket::IssuerForCertificates => 1,
            Socket::Layer => 2,
            Socket::Envoy => 3,
        };
        self.names.port.saturating_add(offset)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Options::command().debug_assert();
    }
}
