//! `cargo xtask test`: every step in order, then a table of how long each took.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::step::Step;
use crate::workspace::Workspace;

/// Runs all steps. Stops at the first that fails and names it.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let mut passed = Vec::with_capacity(Step::ALL.len());
    for step in Step::ALL {
        let start = Instant::now();
        println!("==> {}", step.name());
        step.run(workspace).map_err(|cause| Failure::Step {
            step,
            cause: Box::new(cause),
        })?;
        passed.push((step.name(), start.elapsed()));
    }
    print!("\n{}", table(&passed));
    println!("xtask test: {} steps passed", passed.len());
    Ok(())
}

fn table(passed: &[(&str, Duration)]) -> String {
    let total = passed.iter().map(|(_, time)| *time).sum();
    std::iter::once(format!("{:<10} {:>7}\n", "step", "seconds"))
        .chain(passed.iter().map(|(name, time)| row(name, *time)))
        .chain(std::iter::once(row("total", total)))
        .collect()
}

fn row(name: &str, time: Duration) -> String {
    format!("{name:<10} {:>7.1}\n", time.as_secs_f64())
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
            "step       seconds\n\
             fmt            1.5\n\
             wasm-core     61.2\n\
             total         62.8\n"
        );
    }
}
