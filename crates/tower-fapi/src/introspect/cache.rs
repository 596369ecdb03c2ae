//! Answers that may be used again for a while.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use serde::Deserialize;

use crate::ports::IntrospectionBody;

/// The SHA-256 of a token.
pub(super) type Key = [u8; 32];

/// How much the answers about active tokens may take, in bytes.
const POSITIVE_BYTES: usize = 16 * 1024 * 1024;
/// How much the answers about inactive tokens may take, in bytes.
const NEGATIVE_BYTES: usize = 4 * 1024 * 1024;
/// An inactive token does not come to life; but what an issuer has just issued may not be known everywhere at once.
const MAX_NEGATIVE_SECONDS: u32 = 5;
/// How old a signed answer may be (the core refuses an older one).
const MAX_SIGNED_AGE_SECONDS: i64 = 60;

/// The answers of one issuer. Those about inactive tokens have room of their own: anyone can cause them.
pub(super) struct Answers {
    positive: Shelf,
    negative: Shelf,
}

impl Answers {
    /// Answers are used for `seconds`; with 0 never.
    pub(super) fn new(seconds: u32) -> Self {
        Self {
            positive: Shelf::new(seconds, POSITIVE_BYTES),
            negative: Shelf::new(seconds.min(MAX_NEGATIVE_SECONDS), NEGATIVE_BYTES),
        }
    }

    /// The answer about this token, if it may still be used.
    pub(super) fn get(&mut self, key: &Key, now: UnixTime) -> Option<Arc<IntrospectionBody>> {
        self.positive
            .get(key, now)
            .or_else(|| self.negative.get(key, now))
    }

    /// Keeps the answer to a question of the time `asked`, if it is one that can be used again.
    pub(super) fn insert(&mut self, key: Key, body: &Arc<IntrospectionBody>, asked: UnixTime) {
        if self.positive.seconds == 0 {
            return;
        }
        let Some(peek) = Peek::of(body) else {
            return;
        };
        let (shelf, other) = match peek.state {
            TokenState::Active { .. } => (&mut self.positive, &mut self.negative),
            TokenState::Inactive => (&mut self.negative, &mut self.positive),
        };
        // Of two answers only the later one counts, also when clocks go back.
        other.remove(&key);
        let mut until = asked.plus(shelf.seconds);
        if let TokenState::Active { expires } = peek.state {
            until = until.min(expires);
        }
        if let Some(issued_at) = peek.issued_at {
            until = until.min(issued_at.plus(MAX_SIGNED_AGE_SECONDS));
        }
        shelf.insert(
            key,
            Entry {
                body: Arc::clone(body),
                asked,
                until,
            },
        );
    }
}

struct Entry {
    body: Arc<IntrospectionBody>,
    asked: UnixTime,
    /// From here on it is not used.
    until: UnixTime,
}

impl Entry {
    /// Roughly what it takes with its key and its place in the table.
    fn weight(&self) -> usize {
        let (IntrospectionBody::Json(text) | IntrospectionBody::Jwt(text)) = &*self.body;
        text.len().saturating_add(200)
    }
}

/// A bounded map in two generations: when the young one has half the room, or has lived as long as its entries may, it
/// becomes the old one, and the old one goes. Nothing has to be searched, and nothing stays for long.
struct Shelf {
    young: Generation,
    old: HashMap<Key, Entry>,
    /// How long an entry may be used.
    seconds: i64,
    max_weight: usize,
}

#[derive(Default)]
struct Generation {
    entries: HashMap<Key, Entry>,
    weight: usize,
    born: Option<UnixTime>,
}

impl Shelf {
    fn new(seconds: u32, max_weight: usize) -> Self {
        Self {
            young: Generation::default(),
            old: HashMap::new(),
            seconds: seconds.into(),
            max_weight,
        }
    }

    fn get(&mut self, key: &Key, now: UnixTime) -> Option<Arc<IntrospectionBody>> {
        self.age(now);
        let entries = [&self.young.entries, &self.old];
        entries
            .iter()
            .filter_map(|entries| entries.get(key))
            // Not before the question either: then the clock went back, by who knows how much.
            .find(|entry| entry.asked <= now && now < entry.until)
            .map(|entry| Arc::clone(&entry.body))
    }

    fn insert(&mut self, key: Key, entry: Entry) {
        self.remove(&key);
        let half = self.max_weight / 2;
        let weight = entry.weight();
        if entry.until <= entry.asked || weight > half {
            return;
        }
        self.age(entry.asked);
        if self.young.weight.saturating_add(weight) > half {
            self.turn();
        }
        self.young.born.get_or_insert(entry.asked);
        self.young.weight = self.young.weight.saturating_add(weight);
        self.young.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.young.entries.remove(key) {
            self.young.weight = self.young.weight.saturating_sub(entry.weight());
        }
        self.old.remove(key);
    }

    fn age(&mut self, now: UnixTime) {
        let lived = self.young.born.map_or(0, |born| now.since(born));
        if lived > self.seconds {
            self.turn();
        }
        if lived > self.seconds.saturating_mul(2) {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.old = std::mem::take(&mut self.young).entries;
    }
}

/// What an answer says of itself, unverified: enough to know how long it may be kept, for nothing else. Who uses the
/// answer reads it strictly, each time.
#[derive(Clone, Copy)]
struct Peek {
    state: TokenState,
    /// When a signed answer was made.
    issued_at: Option<UnixTime>,
}

#[derive(Clone, Copy)]
enum TokenState {
    Active { expires: UnixTime },
    Inactive,
}

#[derive(Deserialize)]
struct Unsigned {
    active: bool,
    exp: Option<f64>,
}

#[derive(Deserialize)]
struct Signed {
    iat: f64,
    token_introspection: Unsigned,
}

impl Peek {
    /// `None` for what is no answer, and for an active token without end, which is refused anyway.
    fn of(body: &IntrospectionBody) -> Option<Self> {
        match body {
            IntrospectionBody::Json(json) => Some(Self {
                state: serde_json::from_str::<Unsigned>(json).ok()?.state()?,
                issued_at: None,
            }),
            IntrospectionBody::Jwt(jwt) => {
                let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
                let signed: Signed = serde_json::from_slice(&payload).ok()?;
                Some(Self {
                    state: signed.token_introspection.state()?,
                    issued_at: Some(whole_seconds(signed.iat)),
                })
            }
        }
    }
}

impl Unsigned {
    fn state(&self) -> Option<TokenState> {
        if self.active {
            let expires = whole_seconds(self.exp?);
            Some(TokenState::Active { expires })
        } else {
            Some(TokenState::Inactive)
        }
    }
}

fn whole_seconds(date: f64) -> UnixTime {
    // Saturates: other limits apply before that.
    UnixTime::from_secs(date.floor() as i64)
}

#[cfg(test)]
mod tests;
