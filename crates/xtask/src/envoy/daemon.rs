//! A docker daemon of our own, where none answers.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::engine::answers;
use crate::command;

/// How long it may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the daemon's containers connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Networks {
    /// The host's network alone: nothing of it is changed.
    Host,
    /// Networks among themselves, too: the daemon makes bridges, and rules for packets on them.
    Bridges,
}

/// A running `dockerd`. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    /// For what is gone with it.
    folder: PathBuf,
}

impl Daemon {
    /// Starts one that keeps its images below `folder`; if it does not answer, why.
    pub(super) fn start(folder: &Path, networks: Networks) -> Result<Self, String> {
        // The path of a socket has 108 bytes at most.
        let own = env::temp_dir().join(format!("fapi-docker-{}", std::process::id()));
        fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
        let log = folder.join("dockerd.log");
        let output = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let arguments: &[&str] = match networks {
            Networks::Host => &["--bridge=none", "--iptables=false", "--ip6tables=false"],
            Networks::Bridges => &[],
        };
        let child = Command::new("dockerd")
            .args(arguments)
            // The one driver that works everywhere, in a container too.
            .arg("--storage-driver=vfs")
            .arg("--data-root")
            .arg(folder.join("docker"))
            .arg("--exec-root")
            .arg(own.join("exec"))
            .arg("--pidfile")
            .arg(own.join("pid"))
            .arg("--host")
            .arg(address(&own))
            .stdin(Stdio::null())
            .stderr(output)
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| {
                drop(fs::remove_dir_all(&own));
                format!("dockerd did not start: {error}")
            })?;
        let mut daemon = Self { child, folder: own };
        daemon.await_answer(&log)?;
        Ok(daemon)
    }

    /// What `DOCKER_HOST` has to say.
    pub(super) fn address(&self) -> String {
        address(&self.folder)
    }

    fn await_answer(&mut self, log: &Path) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("dockerd ended ({status}): {}", last_line(log)));
            }
            if answers(Command::new("docker").env("DOCKER_HOST", self.address())) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(200));
        }
        Err(format!("dockerd does not answer: {}", last_line(log)))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked to end it ends its own children, the container daemon; killed it would leave them.
        command::succeeds(Command::new("kill").arg(self.child.id().to_string()));
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        // A namespace that it mounts and leaves: with it the folder could not be removed.
        let mounted = self.folder.join("exec").join("netns").join("default");
        command::succeeds(Command::new("umount").arg(mounted));
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn address(folder: &Path) -> String {
    format!("unix://{}", folder.join("docker.sock").display())
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .next_back()
        .unwrap_or("it said nothing")
        .to_owned()
}
