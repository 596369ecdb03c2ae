//! PostgreSQL servers of the tests' own, from Debian's `postgresql`, in temporary directories. They flush nothing to disk.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where nobody listens on a network, the port is a part of the socket's name.
const PORT: u16 = 5432;

/// A running server. It ends with this value or with the process of the tests, however that ends: a shell waits for the
/// end of its standard input, then stops the server and removes the directory.
pub(crate) struct Server {
    shell: Child,
    directory: PathBuf,
    port: u16,
    /// Open for as long as the server is wanted.
    wanted: Option<ChildStdin>,
}

/// `$1` the programs, `$2` the directory, then options of the server. Signals that end a whole group end the tests, not
/// whoever tidies up after them.
const SHELL: &str = r#"
trap "" HUP INT TERM
programs=$1 directory=$2; shift 2
"$programs/initdb" -D "$directory" -U fapi -A trust -E UTF8 --locale=C --no-sync >&2 || exit
"$programs/postgres" -D "$directory" -k "$directory" "$@" </dev/null &
server=$!
exec 3<&0
{ cat <&3 >/dev/null; kill -QUIT $server; } 2>/dev/null &
wait $server
rm -rf "$directory" "$directory".*
"#;

impl Server {
    /// The one server of this test program, on a Unix socket.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&new_directory(), PORT, &["-c", "listen_addresses="]))
    }

    /// A server with this certificate and key (PEM) on a port of 127.0.0.1.
    pub(crate) fn with_tls(certificate: &str, key: &str) -> Self {
        let port = free_port();
        let directory = new_directory();
        let mut options = vec!["ssl=on".to_owned(), "listen_addresses=127.0.0.1".to_owned()];
        for (setting, ending, text) in [
            ("ssl_cert_file", "crt", certificate),
            ("ssl_key_file", "key", key),
        ] {
            let file = directory.with_extension(ending);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = other_user() {
                chown(&file, Some(user), Some(group)).unwrap();
            }
            options.push(format!("{setting}={}", file.display()));
        }
        let options: Vec<_> = options.iter().flat_map(|option| ["-c", option]).collect();
        Self::start(&directory, port, &options)
    }

    fn start(directory: &Path, port: u16, options: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", SHELL, "sh"])
            .args([&programs(), directory])
            .args([
                "-c",
                "fsync=off",
                "-c",
                "max_connections=400",
                "-c",
                &format!("port={port}"),
            ])
            .args(options)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        let mut shell = command.spawn().unwrap();
        let wanted = shell.stdin.take();
        let mut lines = BufReader::new(shell.stderr.take().unwrap()).lines();
        let mut log = String::new();
        while !log.contains("ready to accept connections") {
            let Some(Ok(line)) = lines.next() else {
                panic!("PostgreSQL does not start:\n{log}");
            };
            log.push_str(&line);
            log.push('\n');
        }
        // The pipe has to stay open and empty, else the server would be stopped by its own log.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            shell,
            directory: directory.to_owned(),
            port,
            wanted,
        }
    }

    /// The address of an empty schema that nobody else has.
    pub(crate) fn schema(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let schema = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE SCHEMA {schema}"));
        format!("{}?options=-csearch_path%3D{schema}", self.url())
    }

    /// The address of the database.
    pub(crate) fn url(&self) -> String {
        let directory = self.directory.to_str().unwrap().replace('/', "%2F");
        format!("postgresql://fapi@{directory}/postgres")
    }

    /// Runs SQL as the operator would, and gives what comes back.
    pub(crate) fn run(&self, sql: &str) -> String {
        let output = self.psql().args(["-c", sql]).output().expect(NEEDED);
        assert!(output.status.success(), "{sql}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Somebody who holds a transaction open.
    pub(crate) fn session(&self) -> Session {
        let mut psql = self.psql();
        psql.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = psql.spawn().expect(NEEDED);
        Session {
            to: child.stdin.take(),
            from: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn psql(&self) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["-p", &self.port.to_string()])
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "fapi",
                "-h",
            ])
            .arg(&self.directory)
            .arg("postgres");
        psql
    }
}

/// A connection that lasts.
pub(crate) struct Session {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Session {
    /// Runs SQL that ends by giving a line, and waits for that.
    pub(crate) fn say(&mut self, sql: &str) -> String {
        self.to.as_mut().unwrap().write_all(sql.as_bytes()).unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.to.take());
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.wanted.take());
        // An error says that it has ended already.
        let _ = self.shell.wait();
        for ending in ["ca", "crt", "key"] {
            let _ = std::fs::remove_file(self.directory.with_extension(ending));
        }
    }
}

const NEEDED: &str = "PostgreSQL is needed: `cargo xtask install` installs it";

/// A port that is free just now, and that nobody else is told of.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A place where nothing is yet.
fn new_directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("fapi-issuer-pg-{}-{number}", std::process::id()))
}

/// Where the server's programs are: Debian has them in a directory for each version, outside of `PATH`.
fn programs() -> PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            programs
                .join("initdb")
                .exists()
                .then_some((version, programs))
        })
        .collect();
    versions.sort();
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut in_path = std::env::split_paths(&in_path).filter(|path| has_server(path));
    versions
        .pop()
        .map(|(_, programs)| programs)
        .or_else(|| in_path.next())
        .expect(NEEDED)
}

fn has_server(path: &Path) -> bool {
    path.join("initdb").exists() && path.join("postgres").exists()
}

/// The server refuses to run as root: the user and group `postgres`, which its package has made.
fn other_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?))
}
