//! Clients that the operator adds and removes while the server runs.

use std::fmt;

use fapi_core::config::ConfigError;

use super::stored::{Registrant, StoredClient};
use super::{Client, check_capabilities};
use crate::issuer::Issuer;
use crate::storage::StorageError;

/// Why clients stay as they are.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientsError {
    /// The client would be an error in the configuration.
    Invalid(ConfigError),
    /// There is a client of this name, in the configuration or in the storage.
    Taken,
    /// A client of this name was removed, and its tokens may still be about: it needs another name.
    Removed,
    /// The storage has no client of this name.
    Unknown,
    /// The storage has failed.
    Storage(StorageError),
}

impl fmt::Display for ClientsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::Taken => f.write_str("there is a client of this name"),
            Self::Removed => f.write_str(
                "a client of this name was removed, and its tokens may still be about: choose another",
            ),
            Self::Unknown => f.write_str("the storage has no client of this name"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(error) => Some(error),
            Self::Storage(error) => Some(error),
            Self::Taken | Self::Removed | Self::Unknown => None,
        }
    }
}

impl From<ConfigError> for ClientsError {
    fn from(error: ConfigError) -> Self {
        Self::Invalid(error)
    }
}

impl From<StorageError> for ClientsError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Issuer {
    /// Registers a client beside those of the configuration. It is kept in the storage, and known at once to all issuers
    /// that share it.
    ///
    /// # Errors
    ///
    /// [`ClientsError`]: nothing has changed.
    pub async fn add_client(&self, client: Client) -> Result<(), ClientsError> {
        let (storage, now) = (&self.parts().storage, self.now());
        let client_id = client.client_id.clone();
        if StoredClient::was_removed(storage, &client_id, now).await? {
            return Err(ClientsError::Removed);
        }
        let taken = self.parts().clients.configured(&client_id).is_some()
            || StoredClient::find(storage, &client_id, now)
                .await?
                .is_some();
        if taken {
            return Err(ClientsError::Taken);
        }
        self.keep_client(client, now.as_secs()).await
    }

    /// Changes a client that is kept in the storage, whoever has registered it; from now on only the operator may. Tokens
    /// that it has stay good.
    ///
    /// # Errors
    ///
    /// [`ClientsError`]: nothing has changed.
    pub async fn replace_client(&self, client: Client) -> Result<(), ClientsError> {
        let found = StoredClient::find(&self.parts().storage, &client.client_id, self.now());
        let found = found.await?.ok_or(ClientsError::Unknown)?;
        self.keep_client(client, found.issued_at).await
    }

    /// Removes a client that is kept in the storage. All tokens that it has are dead, for introspection and the endpoints
    /// of this server; a resource server that verifies JWTs by itself accepts one until it expires.
    ///
    /// # Errors
    ///
    /// [`ClientsError`]: nothing has changed, or the storage has failed halfway and it has to be said again.
    pub async fn remove_client(&self, client_id: &str) -> Result<(), ClientsError> {
        let (parts, now) = (self.parts(), self.now());
        let found = StoredClient::find(&parts.storage, client_id, now).await?;
        found.ok_or(ClientsError::Unknown)?;
        let until = now.plus(parts.lifetimes.grant_seconds());
        Ok(StoredClient::remove(&parts.storage, client_id, until, now).await?)
    }

    /// The clients that are kept in the storage, by name.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it does not answer.
    pub async fn stored_clients(&self) -> Result<Vec<Client>, StorageError> {
        let kept = StoredClient::all(&self.parts().storage, self.now()).await?;
        let mut clients: Vec<_> = kept.into_iter().map(|kept| kept.client).collect();
        clients.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        Ok(clients)
    }

    async fn keep_client(&self, client: Client, issued_at: i64) -> Result<(), ClientsError> {
        let kept = StoredClient {
            client,
            issued_at,
            registrant: Registrant::Operator,
        };
        self.check_client(&kept)?;
        Ok(kept.keep(&self.parts().storage, self.now()).await?)
    }

    /// Whether it would do in the configuration.
    pub(crate) fn check_client(&self, kept: &StoredClient) -> Result<(), ConfigError> {
        let parts = self.parts();
        parts.clients.register(kept)?;
        let client = &kept.client;
        // FAPI 2.0 Message Signing §6.2.
        if parts.resource_servers.get(&client.client_id).is_some() {
            let problem = "is a resource server's";
            return Err(ConfigError::invalid("client.client_id", problem));
        }
        check_capabilities(client, &parts.detail_types, &parts.keys.ring(), "client")
    }
}
