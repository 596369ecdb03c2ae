//! Memories of used proofs.

mod memory;

pub use memory::MemoryReplayStore;
