//! What a file adds to the contract: it outlives the process, and others may have it too.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use fapi_core::dpop::ReplayKey;
use fapi_core::jose::Thumbprint;
use rusqlite::params;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// A directory of a test's own, removed when dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fapi-issuer-db-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        Self(directory)
    }

    /// A file that is not there yet.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("issuer.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, Synchronous::Full, NOW).unwrap()
}

fn entry(name: &str, expires: UnixTime) -> Entry<'static> {
    Entry {
        kind: Kind::Code,
        id: Digest::of(name),
        body: name.into(),
        owner: Owner::Client("a"),
        expires,
    }
}

fn once(name: &str) -> Use {
    let key = Thumbprint::from_bytes([0; 32]);
    Use {
        key: ReplayKey::new("", "", &key, name),
        expires: NOW.plus(10),
    }
}

#[tokio::test]
async fn a_file_remembers_what_a_process_before_has_kept() {
    let directory = Directory::new();
    let path = directory.file();
    let first = open(&path);
    first.insert(entry("a", NOW.plus(10)), NOW).await.unwrap();
    first.insert(entry("b", NOW.plus(10)), NOW).await.unwrap();
    first.take(Kind::Code, &Digest::of("b"), NOW).await.unwrap();
    first.use_once(&[once("one")], NOW).await.unwrap();
    let epoch = first.epoch();
    drop(first);
    let again = Sqlite::open(&path, Synchronous::Normal, NOW.plus(5)).unwrap();
    assert_eq!(again.epoch(), epoch);
    assert_eq!(epoch.since(), NOW);
    let found = again.get(Kind::Code, &Digest::of("a"), NOW).await;
    assert_eq!(found, Ok(Some("a".into())));
    let taken = again.take(Kind::Code, &Digest::of("b"), NOW).await;
    assert_eq!(taken, Ok(Taken::Again("b".into())));
    let outcomes = again.use_once(&[once("one")], NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Seen]));
}

#[tokio::test]
async fn two_who_have_the_file_open_see_one_storage() {
    let directory = Directory::new();
    let path = directory.file();
    let (one, other) = (open(&path), open(&path));
    assert_eq!(one.epoch(), other.epoch());
    one.insert(entry("a", NOW.plus(10)), NOW).await.unwrap();
    for round in 0..50 {
        let once = [once(&round.to_string())];
        let (first, second) = tokio::join!(one.use_once(&once, NOW), other.use_once(&once, NOW));
        let mut outcomes = [first.unwrap(), second.unwrap()].concat();
        outcomes.sort_by_key(|outcome| *outcome == ReplayOutcome::Seen);
        assert_eq!(outcomes, [ReplayOutcome::Fresh, ReplayOutcome::Seen]);
    }
    let id = Digest::of("a");
    let (first, second) = tokio::join!(
        one.take(Kind::Code, &id, NOW),
        other.take(Kind::Code, &id, NOW)
    );
    assert_ne!(first, second);
}

#[tokio::test]
async fn epochs_of_two_files_differ() {
    let (one, other) = (Directory::new(), Directory::new());
    let (one, other) = (open(&one.file()), open(&other.file()));
    assert_ne!(one.epoch(), other.epoch());
}

#[tokio::test]
async fn a_verb_that_fails_fails_alone() {
    let sqlite = Sqlite::in_memory(NOW);
    // They wait together while the thread is busy with the first, and so share a transaction.
    let (go_on, wait) = std::sync::mpsc::channel();
    let busy = sqlite.writer.write(move |_| {
        wait.recv().unwrap();
        Ok(())
    });
    let wrong = sqlite.writer.write(|db| {
        db.execute(
            "INSERT INTO used (key, expires) VALUES (zeroblob(16), 1)",
            (),
        )?;
        db.execute(
            "INSERT INTO used (key, expires) VALUES (zeroblob(1), 1)",
            (),
        )
    });
    let (busy, before, wrong, after, ()) = tokio::join!(
        busy,
        sqlite.insert(entry("a", NOW.plus(10)), NOW),
        wrong,
        sqlite.insert(entry("b", NOW.plus(10)), NOW),
        async { go_on.send(()).unwrap() },
    );
    assert_eq!((busy, before, after), (Ok(()), Ok(()), Ok(())));
    assert_eq!(wrong, Err(StorageError::Unavailable));
    let count =
        |db: &Connection| db.query_row("SELECT count(*) FROM used", (), |row| row.get::<_, i64>(0));
    assert_eq!(sqlite.writer.read(count).await, Ok(0));
    for name in ["a", "b"] {
        let found = sqlite.get(Kind::Code, &Digest::of(name), NOW).await;
        assert_eq!(found, Ok(Some(name.into())));
    }
}

#[tokio::test]
async fn what_is_not_committed_is_not_answered_and_what_comes_later_is() {
    let directory = Directory::new();
    let path = directory.file();
    let sqlite = open(&path);
    // Somebody else holds the file for longer than anybody waits.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let once = [once("one")];
    let (one, two) = tokio::join!(
        sqlite.use_once(&once, NOW),
        sqlite.insert(entry("a", NOW.plus(10)), NOW)
    );
    assert_eq!(one, Err(StorageError::Unavailable));
    assert_eq!(two, Err(StorageError::Unavailable));
    // Reading goes on meanwhile.
    let found = sqlite.get(Kind::Code, &Digest::of("a"), NOW).await;
    assert_eq!(found, Ok(None));
    other.execute_batch("ROLLBACK").unwrap();
    let outcomes = sqlite.use_once(&once, NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Fresh]));
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_all_of_it() {
    let sqlite = Sqlite::in_memory(NOW);
    let tables = |db: &Connection| {
        db.execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
        )
    };
    sqlite.writer.write(tables).await.unwrap();
    let (go_on, wait) = std::sync::mpsc::channel();
    let busy = sqlite.writer.read(move |_| {
        wait.recv().unwrap();
        Ok(())
    });
    // What nobody finds wrong before the commit.
    let wrong = |db: &Connection| db.execute("INSERT INTO child VALUES (1)", ());
    let (busy, before, wrong, after, ()) = tokio::join!(
        busy,
        sqlite.insert(entry("a", NOW.plus(10)), NOW),
        sqlite.writer.write(wrong),
        sqlite.insert(entry("b", NOW.plus(10)), NOW),
        async { go_on.send(()).unwrap() },
    );
    assert_eq!(busy, Ok(()));
    assert_eq!(wrong, Err(StorageError::Unavailable));
    for (name, outcome) in [("a", before), ("b", after)] {
        assert_eq!(outcome, Err(StorageError::Unavailable));
        let found = sqlite.get(Kind::Code, &Digest::of(name), NOW).await;
        assert_eq!(found, Ok(None));
    }
    sqlite.insert(entry("a", NOW.plus(10)), NOW).await.unwrap();
}

/// `max_page_count` stands for the size of the disk.
#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let sqlite = Sqlite::in_memory(NOW);
    let pages = |count: i64| {
        sqlite
            .writer
            .read(move |db| db.pragma_update(None, "max_page_count", count))
    };
    let large = |name: &str| Entry {
        body: "x".repeat(100_000).into(),
        ..entry(name, NOW.plus(10))
    };
    pages(64).await.unwrap();
    let mut kept = 0;
    while sqlite.insert(large(&kept.to_string()), NOW).await.is_ok() {
        kept += 1;
    }
    assert!(kept < 3);
    let id = Digest::of(&kept.to_string());
    assert_eq!(sqlite.get(Kind::Code, &id, NOW).await, Ok(None));
    // Who needs no room gets on.
    let outcomes = sqlite.use_once(&[once("one")], NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Fresh]));
    pages(1000).await.unwrap();
    sqlite.insert(large(&kept.to_string()), NOW).await.unwrap();
    assert!(sqlite.get(Kind::Code, &id, NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    let directory = Directory::new();
    let path = directory.file();
    let sqlite = open(&path);
    sqlite.insert(entry("a", NOW.plus(10)), NOW).await.unwrap();
    #[cfg(unix)]
    for file in ["", "-wal", "-shm"] {
        use std::os::unix::fs::PermissionsExt as _;
        let file = format!("{}{file}", path.display());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_file_that_is_not_ours_is_refused() {
    let refusal = |prepare: &dyn Fn(&Path)| {
        let directory = Directory::new();
        prepare(&directory.file());
        match Sqlite::open(&directory.file(), Synchronous::Full, NOW) {
            Ok(_) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    };
    let text = |path: &Path| std::fs::write(path, "This is no database. ".repeat(100)).unwrap();
    assert_eq!(refusal(&text), "file is not a database");
    let foreign = |path: &Path| {
        let db = Connection::open(path).unwrap();
        db.execute_batch("CREATE TABLE accounts (name TEXT)")
            .unwrap();
    };
    assert_eq!(refusal(&foreign), "is the database of another program");
    let newer = |path: &Path| {
        drop(open(path));
        let db = Connection::open(path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
    };
    assert_eq!(
        refusal(&newer),
        "has version 99, and this program knows versions up to 1"
    );
    let no_directory = |path: &Path| std::fs::remove_dir(path.parent().unwrap()).unwrap();
    assert!(refusal(&no_directory).starts_with("No such file or directory"));
    let directory = |path: &Path| std::fs::create_dir(path).unwrap();
    assert!(refusal(&directory).starts_with("Is a directory"));
}

#[test]
fn each_statement_uses_an_index() {
    let mut db = Connection::open_in_memory().unwrap();
    open::prepare(&mut db, Synchronous::Full, NOW).unwrap();
    for statement in [SWEEP_ENTRIES, SWEEP_USES] {
        let plan = format!("EXPLAIN QUERY PLAN {statement}");
        let mut plan = db.prepare(&plan).unwrap();
        let steps = plan.query_map(params![0, 0], |row| row.get::<_, String>(3));
        for step in steps.unwrap() {
            let step = step.unwrap();
            assert!(!step.starts_with("SCAN"), "{step}");
        }
    }
}
