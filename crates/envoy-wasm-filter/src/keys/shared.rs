//! One issuer's keys in the shared data: a record of times, and the key set's text beside it.

use std::time::Duration;

use fapi_core::fetch::Times;

use crate::area::Area;
use crate::host::{Condition, Entry, Failure, Host};
use crate::memory::TRIES;

/// What the workers know together of one issuer's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Until then a worker fetches, and no other one does.
    pub(super) lease_until: Duration,
    /// Names the text that goes with the times; 0 before the first.
    pub(super) text: u64,
    pub(super) times: Times,
}

/// Where the record and the text stand.
pub(super) struct Shelf {
    record: String,
    text: String,
}

const FIELDS: usize = 8;

impl Shelf {
    /// `name` tells the issuer, and where its keys are.
    pub(super) fn new(area: &Area, name: &str) -> Self {
        Self {
            record: area.name(&format!("keys.{name}")),
            text: area.name(&format!("keyset.{name}")),
        }
    }

    pub(super) fn read(&self, host: &impl Host) -> Result<Record, Failure> {
        Ok(self.entry(host)?.0)
    }

    /// Changes the record, unless `change` answers `None`.
    pub(super) fn change<H: Host>(
        &self,
        host: &H,
        mut change: impl FnMut(Record) -> Option<Record>,
    ) -> Result<Option<Record>, Failure> {
        for _ in 0..TRIES {
            let (record, condition) = self.entry(host)?;
            let Some(changed) = change(record) else {
                return Ok(None);
            };
            match host.share(&self.record, &changed.to_bytes(), condition) {
                Ok(()) => return Ok(Some(changed)),
                Err(Failure::CasMismatch) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::CasMismatch)
    }

    /// The text of this name, if it is the one that is there.
    pub(super) fn text(&self, host: &impl Host, name: u64) -> Option<Vec<u8>> {
        let Entry { value, .. } = host.shared(&self.text).ok()??;
        let (named, text) = value.split_first_chunk()?;
        (u64::from_be_bytes(*named) == name).then(|| text.to_vec())
    }

    /// Stores a text before the record that names it.
    pub(super) fn put_text(&self, host: &impl Host, name: u64, text: &[u8]) -> Result<(), Failure> {
        let value = [&name.to_be_bytes()[..], text].concat();
        let condition = match host.shared(&self.text)? {
            Some(Entry { cas, .. }) => Condition::Unchanged(cas),
            None => Condition::Absent,
        };
        host.share(&self.text, &value, condition)
    }

    fn entry(&self, host: &impl Host) -> Result<(Record, Condition), Failure> {
        Ok(match host.shared(&self.record)? {
            Some(Entry { value, cas }) => (
                Record::from_bytes(&value).ok_or(Failure::BadArgument)?,
                Condition::Unchanged(cas),
            ),
            None => (Record::default(), Condition::Absent),
        })
    }
}

impl Record {
    fn to_bytes(self) -> Vec<u8> {
        let times = &self.times;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let fields: [u64; FIELDS] = [
            millis(self.lease_until),
            self.text,
            millis(times.refresh_at),
            millis(times.fresh_until),
            u64::try_from(times.failures).unwrap_or(u64::MAX),
            millis(times.retry_at),
            millis(times.excused_until),
            millis(times.allowance_whole_at),
        ];
        fields
            .iter()
            .flat_map(|field| field.to_be_bytes())
            .collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (fields, rest) = bytes.as_chunks::<8>();
        let fields: [[u8; 8]; FIELDS] = fields.try_into().ok()?;
        if !rest.is_empty() {
            return None;
        }
        let [
            lease,
            text,
            refresh,
            fresh,
            failures,
            retry,
            excused,
            allowance,
        ] = fields.map(u64::from_be_bytes);
        Some(Self {
            lease_until: Duration::from_millis(lease),
            text,
            times: Times {
                refresh_at: Duration::from_millis(refresh),
                fresh_until: Duration::from_millis(fresh),
                failures: usize::try_from(failures).unwrap_or(usize::MAX),
                retry_at: Duration::from_millis(retry),
                excused_until: Duration::from_millis(excused),
                allowance_whole_at: Duration::from_millis(allowance),
            },
        })
    }
}
