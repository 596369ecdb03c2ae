//! Clients that are kept in the storage, and not in the configuration.

use fapi_core::UnixTime;
use serde::{Deserialize, Serialize};

use super::Client;
use super::remote::Reach;
use crate::storage::{Digest, FOREVER, Kind, Owner, Storage, StorageError, Stored};

/// A client, and who may change it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredClient {
    pub(crate) client: Client,
    /// Seconds since 1970.
    pub(crate) issued_at: i64,
    pub(crate) registrant: Registrant,
}

/// Who has registered a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Registrant {
    /// The operator, with a command.
    Operator,
    /// Somebody over the net, who got this registration access token (RFC 7592 §1.2).
    Holder(Digest),
}

impl Stored for StoredClient {
    const KIND: Kind = Kind::Client;
}

/// That there was a client of this name. While its tokens may be about, no other gets the name.
#[derive(Debug, Serialize, Deserialize)]
struct RemovedClient {}

impl Stored for RemovedClient {
    const KIND: Kind = Kind::RemovedClient;
}

impl StoredClient {
    /// The client of this name, if there is one that was not removed.
    pub(crate) async fn find(
        storage: &Storage,
        client_id: &str,
        now: UnixTime,
    ) -> Result<Option<Self>, StorageError> {
        let found = storage.get::<Self>(&Digest::of(client_id), now).await?;
        // It may have been changed while it was being removed.
        if found.is_some() && Self::was_removed(storage, client_id, now).await? {
            return Ok(None);
        }
        Ok(found)
    }

    /// Whether a client of this name was removed, and its tokens may be about.
    pub(crate) async fn was_removed(
        storage: &Storage,
        client_id: &str,
        now: UnixTime,
    ) -> Result<bool, StorageError> {
        let id = Digest::of(client_id);
        let removed = storage.get::<RemovedClient>(&id, now).await?;
        Ok(removed.is_some())
    }

    /// All of them.
    pub(crate) async fn all(storage: &Storage, now: UnixTime) -> Result<Vec<Self>, StorageError> {
        storage.list(now).await
    }

    /// Keeps it, in place of the one of its name if there is one.
    pub(crate) async fn keep(&self, storage: &Storage, now: UnixTime) -> Result<(), StorageError> {
        let id = Digest::of(&self.client.client_id);
        storage.replace(id, self, Owner::Issuer, FOREVER, now).await
    }

    /// Removes it. What it was given until now is dead from now on; `until` then nothing of it can be about.
    pub(crate) async fn remove(
        storage: &Storage,
        client_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        let id = Digest::of(client_id);
        storage
            .insert(id, &RemovedClient {}, Owner::Issuer, until, now)
            .await?;
        storage.remove(Kind::Client, &id).await
    }

    /// Where its keys may be fetched from.
    pub(super) const fn reach(&self) -> Reach {
        match self.registrant {
            Registrant::Operator => Reach::AnyHost,
            Registrant::Holder(_) => Reach::PublicHosts,
        }
    }
}
