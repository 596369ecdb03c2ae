//! What was measured.

use std::fs;
use std::time::Duration;

/// A row in one round.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub requests: usize,
    pub elapsed: Duration,
    /// What the server used of its core in that time.
    pub processor: Option<Duration>,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// Of processor time, for each request.
    pub fn microseconds(&self) -> Option<f64> {
        let processor = self.processor?;
        Some(processor.as_secs_f64() * 1e6 / self.requests as f64)
    }
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The processor's name, where the system tells it, and how many cores there are.
pub fn machine() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let values = |wanted: &str| {
        let values = information.lines().filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == wanted).then(|| value.trim())
        });
        values.collect::<Vec<_>>()
    };
    let name = values("model name").first().copied();
    let cores = values("processor").len();
    format!("{}, {cores} cores", name.unwrap_or("unknown processor"))
}
