//! Conversations with a child process.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running program. Each side says one JSON value a line. It ends when this is dropped.
pub struct Program {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// # Panics
    /// It cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            input: child.stdin.take().expect("a pipe"),
            output: BufReader::new(child.stdout.take().expect("a pipe")).lines(),
            child,
        }
    }

    /// The process that was started.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program says next.
    ///
    /// # Panics
    /// It has ended, or says something else.
    pub fn hear(&mut self) -> Value {
        let line = self.output.next().expect("the program goes on");
        serde_json::from_str(&line.expect("a line")).expect("a line of JSON")
    }

    /// Says something to the program.
    ///
    /// # Panics
    /// It has ended.
    pub fn tell(&mut self, value: &Value) {
        writeln!(self.input, "{value}").expect("the program listens");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only if the program has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
