//! What the operating system tells the program.

use std::io;

/// Signals that are listened to from now on. A signal that nobody listens to would end the program at once.
pub(crate) struct Signals {
    /// Ends the program.
    pub(crate) stop: Stop,
    /// Has files read again.
    pub(crate) hangup: Hangup,
}

pub(crate) use of_system::{Hangup, Stop};

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            stop: Stop::listen()?,
            hangup: Hangup::listen()?,
        })
    }
}

#[cfg(unix)]
mod of_system {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(crate) struct Stop {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Stop {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }

        /// Waits for ctrl-c or SIGTERM.
        pub(crate) async fn told(mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }

    pub(crate) struct Hangup(Signal);

    impl Hangup {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self(signal(SignalKind::hangup())?))
        }

        /// Waits for the next SIGHUP.
        pub(crate) async fn next(&mut self) {
            if self.0.recv().await.is_none() {
                std::future::pending().await
            }
        }
    }
}

#[cfg(not(unix))]
mod of_system {
    use std::io;

    pub(crate) struct Stop;

    impl Stop {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for ctrl-c.
        pub(crate) async fn told(self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        }
    }

    pub(crate) struct Hangup;

    impl Hangup {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// There is no such signal.
        pub(crate) async fn next(&mut self) {
            std::future::pending().await
        }
    }
}
