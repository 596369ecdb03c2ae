//! `cargo xtask test`: every step in order, then a table of how long each took.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::step::Step;
use crate::workspace::Workspace;

/// Runs all steps. Stops at the first that fails and names it. A step that needs a docker engine where there is none is
/// named at the end.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let mut passed = Vec::with_capacity(Step::ALL.len());
    let mut left_out = Vec::new();
    for step in Step::ALL {
        let start = Instant::now();
        println!("==> {}", step.name());
        match step.run(workspace) {
            Ok(()) => passed.push((step.name(), start.elapsed())),
            Err(cause @ Failure::NoEngine(_)) => left_out.push((step.name(), cause)),
            Err(cause) => {
                let cause = Box::new(cause);
                return Err(Failure::Step { step, cause });
            }
        }
    }
    print!("\n{}", table(&passed));
    println!("xtask test: {} steps passed", passed.len());
    for (name, cause) in left_out {
        println!("xtask test: {name} did NOT run: {cause}");
    }
    Ok(())
}

fn table(passed: &[(&str, Duration)]) -> String {
    let total = passed.iter().map(|(_, time)| *time).sum();
    std::iter::once(format!("{:<13} {:>7}\n", "step", "seconds"))
        .chain(passed.iter().map(|(name, time)| row(name, *time)))
        .chain(std::iter::once(row("total", total)))
        .collect()
}

fn row(name: &str, time: Duration) -> String {
    format!("{name:<13} {:>7.1}\n", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_steps_and_their_sum() {
        let passed = [
            ("fmt", Duration::from_millis(1500)),
            ("wasm-core", Duration::from_millis(61_250)),
        ];

        assert_eq!(
            table(&passed),
            "step          seconds\n\
             fmt               1.5\n\
             wasm-core        61.2\n\
             total            62.8\n"
        );
    }
}
