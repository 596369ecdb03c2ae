//! The replay store and the introspection endpoint that hosts are given: the same for each of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};
use serde_json::json;
use tower_fapi::testing::Algorithm;

use crate::profile::{Profile, StoreState};
use crate::scene::{CAST, ISSUER, NOW};

/// A replay store that counts how often it is asked.
pub struct Store {
    state: StoreState,
    epoch: Epoch,
    window: Mutex<ReplayWindow>,
    calls: AtomicU64,
}

impl Store {
    pub fn new(profile: Profile) -> Self {
        Self {
            state: profile.store(),
            epoch: profile.epoch(),
            window: Mutex::new(ReplayWindow::new(100_000, profile.epoch(), [3; 16])),
            calls: AtomicU64::new(0),
        }
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Result<ReplayAnswer, Unavailable> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let outcome = match self.state {
            StoreState::Down => return Err(Unavailable::retry_after_seconds(7)),
            StoreState::Full => ReplayOutcome::Full,
            StoreState::Working => {
                let mut window = self.window.lock().unwrap();
                window.insert(query.key, query.expires, now).into()
            }
        };
        Ok(ReplayAnswer {
            outcome,
            epoch: self.epoch,
        })
    }
}

/// The opaque token of RFC 9449 figure 13.
pub const RFC_9449_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

/// The thumbprint that RFC 9449 figure 8 has for the key of its proofs.
pub const RFC_9449_JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

/// What the issuer says of reference tokens.
pub fn introspect(profile: Profile, token: &str) -> Result<String, Unavailable> {
    let jkt = match profile {
        Profile::Rfc9449 => RFC_9449_JKT.to_owned(),
        _ => CAST.client(Algorithm::Es256).thumbprint().to_string(),
    };
    let cnf = json!({ "jkt": jkt });
    let mut response = json!({
        "active": true,
        "iss": ISSUER,
        "aud": profile.resource(),
        "sub": "alice",
        "client_id": "client-1",
        "exp": NOW.plus(1_000_000).as_secs(),
        "cnf": cnf,
    });
    match token {
        "rt_good" | RFC_9449_TOKEN => {}
        "rt_bearer" => response["cnf"] = serde_json::Value::Null,
        "rt_down" => return Err(Unavailable::retry_after_seconds(5)),
        _ => response = json!({ "active": false }),
    }
    if let Some(members) = response.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Ok(response.to_string())
}
