//! Which core does what, and for how long. Linux tells, and `taskset` of util-linux decides.

use std::fs;
use std::process::{self, Command};
use std::time::Duration;

/// The core that the server gets; the load comes from others.
pub const SERVER_CORE: usize = 0;

/// Leaves the server's core to the server.
///
/// # Panics
/// There is no other core.
pub fn leave_server_core() {
    let pinned = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", "1"])
        .arg(process::id().to_string())
        .output()
        .expect("the program `taskset` (util-linux)");
    assert!(
        pinned.status.success(),
        "a second processor core: {pinned:?}"
    );
}

/// The same command, on the server's core.
pub fn on_server_core(command: &Command) -> Command {
    let mut pinned = Command::new("taskset");
    pinned
        .args(["--cpu-list", &SERVER_CORE.to_string()])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        pinned.current_dir(folder);
    }
    pinned
}

/// How long the threads of a process have been running, all together.
///
/// # Panics
/// The system does not tell.
pub fn processor_time(process: u32) -> Duration {
    let tasks = format!("/proc/{process}/task");
    let nanoseconds = fs::read_dir(&tasks).expect(&tasks).map(|task| {
        let path = task.expect(&tasks).path().join("schedstat");
        // A thread may have ended in the meantime.
        let text = fs::read_to_string(path).unwrap_or_default();
        let running = text.split(' ').next().and_then(|first| first.parse().ok());
        running.unwrap_or(0)
    });
    Duration::from_nanos(nanoseconds.sum())
}
