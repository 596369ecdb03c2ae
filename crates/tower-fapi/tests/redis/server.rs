//! Servers of the tests' own: processes of Debian's `redis-server` on loopback ports.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running `redis-server`, killed when dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    directory: PathBuf,
}

impl Server {
    /// Starts a server without persistence, with further command-line options.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_on(free_port(), options)
    }

    pub(crate) fn start_on(port: u16, options: &[&str]) -> Self {
        static DIRECTORIES: AtomicU32 = AtomicU32::new(0);

        let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("tower-fapi-redis-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let mut arguments: Vec<String> = [
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(directory.to_str().unwrap().to_owned());
        if !options.contains(&"--port") {
            arguments.extend(["--port".to_owned(), port.to_string()]);
        }
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        Self {
            child: spawn(&arguments),
            port,
            arguments,
            directory,
        }
    }

    /// Starts a sentinel with a configuration file, which it will write to.
    pub(crate) fn sentinel(port: u16, configuration: &Path) -> Self {
        let arguments = vec![
            configuration.to_str().unwrap().to_owned(),
            "--sentinel".to_owned(),
        ];
        Self {
            child: spawn(&arguments),
            port,
            arguments,
            directory: PathBuf::new(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The output of a `redis-cli` command.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Kills the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the killed process again, with what it finds in its directory.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.arguments);
    }

    /// Stops the process without ending it, or lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if self.directory.is_absolute() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// Starts the process and waits until it says that it is ready.
#[expect(
    clippy::zombie_processes,
    reason = "a server that does not start ends the test; one that does is waited for when dropped"
)]
fn spawn(arguments: &[String]) -> Child {
    let mut child = Command::new("redis-server")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-server is needed: `cargo xtask install` installs it");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut log = String::new();
    loop {
        let Some(Ok(line)) = lines.next() else {
            panic!("redis-server does not start:\n{log}");
        };
        log.push_str(&line);
        log.push('\n');
        if line.contains("Ready to accept connections") || line.contains("+monitor master") {
            // The pipe has to stay open and empty, else the server would be stopped by its own log.
            std::thread::spawn(move || lines.for_each(drop));
            return child;
        }
    }
}

pub(crate) fn free_port() -> u16 {
    // Redis Cluster needs the port 10000 higher too, so only low ones will do.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (std::process::id().wrapping_mul(37).wrapping_add(step)) % 10_000;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok()
            && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok()
        {
            return port;
        }
    }
}
