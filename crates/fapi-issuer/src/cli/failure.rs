//! Why the program ends.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use fapi_crypto::KeyError;
use fapi_issuer::{
    BindError, ClientsError, ConfigError, InvalidPassword, RotationError, StorageError,
};

pub(crate) enum Failure {
    Config(ConfigError),
    ReadConfig(PathBuf, io::Error),
    ReadClient(PathBuf, io::Error),
    /// The storage is the memory of this process.
    NothingKept,
    /// The keys stand in the configuration.
    KeysConfigured,
    Keys(RotationError),
    Input(io::Error),
    Password(InvalidPassword),
    Http(reqwest::Error),
    /// The issuer says something else than was asked for.
    Answer(String),
    Clients(ClientsError),
    Storage(StorageError),
    Print(serde_json::Error),
    WriteClientKey(PathBuf, io::Error),
    Key(KeyError),
    Listen(SocketAddr, io::Error),
    Serve(io::Error),
    Output(io::Error),
}

impl Failure {
    /// 2 where the operator has to change what was asked for, as for wrong arguments; else 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Clients(ClientsError::Storage(_))
            | Self::Keys(RotationError::Storage(_) | RotationError::Key(_)) => ExitCode::FAILURE,
            Self::Config(_)
            | Self::ReadConfig(..)
            | Self::ReadClient(..)
            | Self::NothingKept
            | Self::KeysConfigured
            | Self::Keys(_)
            | Self::Password(_)
            | Self::Clients(_) => ExitCode::from(2),
            Self::WriteClientKey(..)
            | Self::Input(_)
            | Self::Http(_)
            | Self::Answer(_)
            | Self::Storage(_)
            | Self::Print(_)
            | Self::Key(_)
            | Self::Listen(..)
            | Self::Serve(_)
            | Self::Output(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::ReadConfig(path, error) | Self::ReadClient(path, error) => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::NothingKept => f.write_str(
                "configuration: storage: is in memory, where nothing outlives this command",
            ),
            Self::KeysConfigured => f.write_str(
                "configuration: signing_keys: the keys stand in the configuration, and are exchanged there",
            ),
            Self::Keys(error) => error.fmt(f),
            Self::Input(error) => write!(f, "cannot read standard input: {error}"),
            Self::Password(error) => error.fmt(f),
            Self::Http(error) => write!(f, "the issuer was not reached: {error}"),
            Self::Answer(text) => f.write_str(text),
            Self::Clients(error) => error.fmt(f),
            Self::Storage(error) => error.fmt(f),
            Self::Print(error) => error.fmt(f),
            Self::WriteClientKey(path, error) => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::Key(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Serve(error) => write!(f, "serving failed: {error}"),
            Self::Output(error) => write!(f, "cannot write to standard output: {error}"),
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

impl From<InvalidPassword> for Failure {
    fn from(error: InvalidPassword) -> Self {
        Self::Password(error)
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        match error {
            BindError::Config(error) => Self::Config(error),
            BindError::Listen(address, error) => Self::Listen(address, error),
            other => Self::Serve(io::Error::other(other)),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<ClientsError> for Failure {
    fn from(error: ClientsError) -> Self {
        Self::Clients(error)
    }
}

impl From<RotationError> for Failure {
    fn from(error: RotationError) -> Self {
        Self::Keys(error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}
