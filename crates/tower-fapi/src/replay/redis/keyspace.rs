//! What the store's keys are called, and what stands in them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::dpop::{Epoch, ReplayKey};

/// The format of keys and records. Another format gets another number, so that two releases never misread each other.
const FORMAT: &str = "1";

/// The letters of base64url: the groups of a cluster are called after the first letter of a digest.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How keys are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// All keys are on one server.
    Single,
    /// Keys are on the nodes of a cluster, in 64 groups. A group and its epoch share a hash tag, so they share a node:
    /// a node that loses its proofs loses their epochs with them.
    Cluster,
}

/// Makes the names of keys.
#[derive(Clone, Debug)]
pub(super) struct Keyspace {
    prefix: String,
    layout: Layout,
}

impl Keyspace {
    pub(super) fn new(prefix: &str, layout: Layout) -> Self {
        Self {
            prefix: prefix.to_owned(),
            layout,
        }
    }

    /// How many groups there are, each with an epoch.
    pub(super) fn groups(&self) -> usize {
        match self.layout {
            Layout::Single => 1,
            Layout::Cluster => LETTERS.len(),
        }
    }

    /// The key of a proof, and its group.
    pub(super) fn proof(&self, key: ReplayKey) -> (String, usize) {
        let digest = URL_SAFE_NO_PAD.encode(key.as_bytes());
        let prefix = &self.prefix;
        match self.layout {
            Layout::Single => (format!("{prefix}{FORMAT}:{digest}"), 0),
            Layout::Cluster => {
                let (first, rest) = digest.split_at_checked(1).unwrap_or(("A", ""));
                // Base64 writes the first six bits first.
                let group = usize::from(key.as_bytes()[0] >> 2);
                (format!("{prefix}{FORMAT}{{{first}}}{rest}"), group)
            }
        }
    }

    /// The key of a group's epoch. No digest is called so: those are 22 letters.
    pub(super) fn epoch(&self, group: usize) -> String {
        self.named("epoch", group)
    }

    /// The groups, each with the key of its epoch.
    pub(super) fn epochs(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        (0..self.groups()).map(|group| (group, self.epoch(group)))
    }

    /// A key for trying whether writing is allowed.
    pub(super) fn probe(&self) -> String {
        self.named("probe", 0)
    }

    fn named(&self, name: &str, group: usize) -> String {
        let prefix = &self.prefix;
        match self.layout {
            Layout::Single => format!("{prefix}{FORMAT}:{name}"),
            Layout::Cluster => {
                let letter = LETTERS.get(group).copied().map_or('A', char::from);
                format!("{prefix}{FORMAT}{{{letter}}}{name}")
            }
        }
    }
}

/// The run of a server: `run_id`, which is another after each start. None where the server does not tell.
pub(super) type Run = Option<String>;

/// What stands under the key of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EpochRecord {
    pub(super) epoch: Epoch,
    /// The run in which the epoch was made. A server that was started again may have come back with an old snapshot, and
    /// a replica that was promoted may lack the last writes: both have another run than the record, and get a new epoch.
    pub(super) run: Run,
}

impl EpochRecord {
    pub(super) fn encode(&self) -> String {
        format!(
            "{:016x} {} {}",
            self.epoch.id(),
            self.epoch.since(),
            self.run.as_deref().unwrap_or("-")
        )
    }

    /// None for what is no record.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(bytes).ok()?.split(' ');
        let (id, since, run) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() || id.len() != 16 || run.is_empty() {
            return None;
        }
        let id = u64::from_str_radix(id, 16).ok()?;
        let since = UnixTime::from_secs(since.parse().ok()?);
        Some(Self {
            epoch: Epoch::new(id, since),
            run: (run != "-").then(|| run.to_owned()),
        })
    }

    /// Whether the epoch is one of the server's present run. A server that does not tell its run is believed.
    pub(super) fn is_of(&self, run: &Run) -> bool {
        run.is_none() || self.run == *run
    }
}

#[cfg(test)]
mod tests {
    use fapi_core::jose::Thumbprint;

    use super::*;

    fn key(jti: &str) -> ReplayKey {
        ReplayKey::new("r", "i", &Thumbprint::from_bytes([7; 32]), jti)
    }

    #[test]
    fn keys_name_prefix_format_and_digest() {
        let keyspace = Keyspace::new("fapi:", Layout::Single);
        let (name, group) = keyspace.proof(key("j"));
        let digest = URL_SAFE_NO_PAD.encode(key("j").as_bytes());
        assert_eq!((name, group), (format!("fapi:1:{digest}"), 0));
        assert_eq!(keyspace.epoch(0), "fapi:1:epoch");
    }

    #[test]
    fn a_group_of_a_cluster_shares_its_hash_tag() {
        let keyspace = Keyspace::new("fapi:", Layout::Cluster);
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..2000 {
            let key = key(&number.to_string());
            let digest = URL_SAFE_NO_PAD.encode(key.as_bytes());
            let (name, group) = keyspace.proof(key);
            assert_eq!(name.replace(['{', '}'], ""), format!("fapi:1{digest}"));
            let tag = format!("fapi:1{{{}}}", digest.chars().next().unwrap());
            assert!(name.starts_with(&tag));
            assert_eq!(keyspace.epoch(group), format!("{tag}epoch"));
            seen.insert(group);
        }
        assert_eq!(seen.len(), keyspace.groups());
    }

    #[test]
    fn records_survive_the_round_trip() {
        for run in [None, Some("e0f1".to_owned())] {
            let record = EpochRecord {
                epoch: Epoch::new(0x00ab, UnixTime::from_secs(1_790_000_000)),
                run,
            };
            assert_eq!(EpochRecord::parse(record.encode().as_bytes()), Some(record));
        }
    }

    #[test]
    fn what_is_no_record_is_none() {
        for text in [
            &b""[..],
            b"\xff",
            b"1 2 3",
            b"00000000000000ab 5",
            b"00000000000000ab 5 ",
            b"00000000000000ab x -",
            b"00000000000000ab 5 - -",
            b"00000000000000xy 5 -",
        ] {
            assert_eq!(EpochRecord::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn another_run_is_another_epoch() {
        let of = |run: Option<&str>| EpochRecord {
            epoch: Epoch::new(1, UnixTime::from_secs(1)),
            run: run.map(str::to_owned),
        };
        assert!(of(Some("a")).is_of(&Some("a".to_owned())));
        assert!(!of(Some("a")).is_of(&Some("b".to_owned())));
        assert!(!of(None).is_of(&Some("b".to_owned())));
        assert!(of(Some("a")).is_of(&None));
        assert!(of(None).is_of(&None));
    }
}
