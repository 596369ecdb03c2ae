//! Why nobody can be served.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use fapi_core::config::ConfigError;

/// Why a server could not be bound.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// A mistake in the configuration, or in a file that it names.
    Config(ConfigError),
    /// This address cannot be had.
    Listen(SocketAddr, io::Error),
}

impl From<ConfigError> for BindError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Listen(_, error) => Some(error),
        }
    }
}
