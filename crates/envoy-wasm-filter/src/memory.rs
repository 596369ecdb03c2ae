//! The memory of used proofs, in the data that all workers share.
//!
//! It outlives a reloaded configuration, and a restart of all listeners ends it. What tells one memory from the next
//! (epoch, hash key, nonce key, size) is made once, by whichever worker comes first, and read back by all before they
//! serve: with keys of their own, workers would send clients from one to the other for ever.

use fapi_core::dpop::{Epoch, Insertion, ReplaySlots};
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};

use crate::area::Area;
use crate::host::{Condition, Entry, Failure, Host};

/// How often a change is tried again that another worker's change came before.
pub(crate) const TRIES: usize = 8;

/// A replay memory of this process's workers.
pub(crate) struct Memory<H> {
    host: H,
    area: Area,
    /// The shared value that describes the memory.
    description: String,
    /// Seconds for which this configuration has proofs remembered, at most.
    lifetime: i64,
}

/// What is made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) epoch: Epoch,
    /// Seconds for which proofs are remembered, at most.
    lifetime: i64,
    capacity: u32,
    hash_key: [u8; 16],
    pub(crate) nonce_key: [u8; 32],
}

impl<H: Host> Memory<H> {
    /// Finds the memory, or makes it.
    pub(crate) fn open(
        host: H,
        area: Area,
        capacity: u32,
        lifetime: i64,
        now: UnixTime,
    ) -> Result<(Self, Description), Failure> {
        let memory = Self {
            host,
            description: area.name("memory"),
            area,
            lifetime,
        };
        for _ in 0..TRIES {
            let written = match memory.read()? {
                None => memory.write(
                    &Description::new(&memory.host, capacity, lifetime, now)?,
                    Condition::Absent,
                ),
                Some((description, _)) if description.lifetime >= lifetime => {
                    return Ok((memory, description));
                }
                // What was remembered for as long as proofs lived then is forgotten too early for us: proofs from before
                // this moment are not to be believed.
                Some((mut description, cas)) => {
                    description.lifetime = lifetime;
                    description.epoch = new_epoch(&memory.host, now)?;
                    memory.write(&description, Condition::Unchanged(cas))
                }
            };
            match written {
                Ok(()) | Err(Failure::CasMismatch) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::CasMismatch)
    }

    /// The epoch, if the memory is there.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        let (description, _) = self.read().ok()??;
        Some(description.epoch)
    }

    /// Remembers a proof, unless it is remembered already.
    pub(crate) fn insert(
        &self,
        query: &ReplayQuery<'_>,
        now: UnixTime,
    ) -> Result<ReplayAnswer, Unavailable> {
        self.try_insert(query, now)
            .ok()
            .flatten()
            .ok_or(Unavailable::retry_after_seconds(1))
    }

    fn try_insert(
        &self,
        query: &ReplayQuery<'_>,
        now: UnixTime,
    ) -> Result<Option<ReplayAnswer>, Failure> {
        let Some((description, _)) = self.read()? else {
            return Ok(None);
        };
        let epoch = description.epoch;
        // Another configuration may believe in the proof for longer than this one does.
        let longer = description.lifetime.saturating_sub(self.lifetime).max(0);
        let expires = query.expires.plus(longer);
        let slot = ReplaySlots::new(description.capacity, description.hash_key).slot_of(query.key);
        let key = self.area.name(&format!("used.{}", slot.number()));
        for _ in 0..TRIES {
            let (held, condition) = match self.host.shared(&key)? {
                Some(Entry { value, cas }) => (value, Condition::Unchanged(cas)),
                None => (Vec::new(), Condition::Absent),
            };
            let outcome = match slot.insert(&held, expires, now) {
                (Insertion::Fresh, Some(bytes)) => match self.host.share(&key, &bytes, condition) {
                    Ok(()) => ReplayOutcome::Fresh,
                    // Another worker was quicker: it may have had the same proof.
                    Err(Failure::CasMismatch) => continue,
                    Err(failure) => return Err(failure),
                },
                (insertion, _) => insertion.into(),
            };
            return Ok(Some(ReplayAnswer { outcome, epoch }));
        }
        Ok(None)
    }

    fn read(&self) -> Result<Option<(Description, u32)>, Failure> {
        let Some(Entry { value, cas }) = self.host.shared(&self.description)? else {
            return Ok(None);
        };
        match Description::from_bytes(&value) {
            Some(description) => Ok(Some((description, cas))),
            // Somebody else writes under our `vm_id`.
            None => Err(Failure::BadArgument),
        }
    }

    fn write(&self, description: &Description, condition: Condition) -> Result<(), Failure> {
        self.host
            .share(&self.description, &description.to_bytes(), condition)
    }
}

impl Description {
    fn new(host: &impl Host, capacity: u32, lifetime: i64, now: UnixTime) -> Result<Self, Failure> {
        let mut description = Self {
            epoch: new_epoch(host, now)?,
            lifetime,
            capacity,
            hash_key: [0; 16],
            nonce_key: [0; 32],
        };
        host.random(&mut description.hash_key)?;
        host.random(&mut description.nonce_key)?;
        Ok(description)
    }

    fn to_bytes(&self) -> Vec<u8> {
        [
            &self.epoch.id().to_be_bytes()[..],
            &self.epoch.since().as_secs().to_be_bytes(),
            &self.lifetime.to_be_bytes(),
            &self.capacity.to_be_bytes(),
            &self.hash_key,
            &self.nonce_key,
        ]
        .concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (since, rest) = rest.split_first_chunk()?;
        let (lifetime, rest) = rest.split_first_chunk()?;
        let (capacity, rest) = rest.split_first_chunk()?;
        let (hash_key, rest) = rest.split_first_chunk()?;
        let since = UnixTime::from_secs(i64::from_be_bytes(*since));
        Some(Self {
            epoch: Epoch::new(u64::from_be_bytes(*id), since),
            lifetime: i64::from_be_bytes(*lifetime),
            capacity: u32::from_be_bytes(*capacity),
            hash_key: *hash_key,
            nonce_key: rest.try_into().ok()?,
        })
    }
}

fn new_epoch(host: &impl Host, now: UnixTime) -> Result<Epoch, Failure> {
    let mut id = [0; 8];
    host.random(&mut id)?;
    Ok(Epoch::new(u64::from_be_bytes(id), now))
}
