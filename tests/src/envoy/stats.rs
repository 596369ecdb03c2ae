//! What Envoy counts.

use std::collections::BTreeMap;

/// Counters and gauges by name. The filter's own begin with `wasmcustom.fapi.`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats(BTreeMap<String, u64>);

impl Stats {
    /// Reads lines such as `name: 7`; others (histograms, text) are left out.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(pairs.collect())
    }

    /// 0 for one that there is not.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Those whose names contain this.
    pub fn containing(&self, part: &str) -> impl Iterator<Item = (&str, u64)> {
        self.0
            .iter()
            .filter(move |(name, _)| name.contains(part))
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// The names that begin with this, without it, whose value is more than in `earlier`.
    pub fn grown<'a>(
        &'a self,
        earlier: &'a Self,
        prefix: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(prefix)?;
            (*value > earlier.get(name)).then_some(rest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_compared() {
        let earlier = Stats::parse("a.b: 1\na.c: 2\nh: P0(1,1)\n");
        let later = Stats::parse("a.b: 1\na.c: 3\na.d: 1\n");

        assert_eq!((earlier.get("a.c"), earlier.get("h")), (2, 0));
        assert_eq!(later.containing("c").collect::<Vec<_>>(), [("a.c", 3)]);
        assert_eq!(later.grown(&earlier, "a.").collect::<Vec<_>>(), ["c", "d"]);
    }
}
