//! A server that takes its time.

use std::sync::{Arc, Condvar, Mutex};

/// Lets nobody pass until it is opened.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Waits until it is open.
    pub fn pass(&self) {
        let (open, opens) = &*self.0;
        let closed = |open: &mut bool| !*open;
        drop(opens.wait_while(open.lock().unwrap(), closed).unwrap());
    }

    pub fn open(&self) {
        let (open, opens) = &*self.0;
        *open.lock().unwrap() = true;
        opens.notify_all();
    }
}
