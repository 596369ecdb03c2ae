//! Shares of the replay store.
