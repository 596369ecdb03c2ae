//! Memories of used proofs.

mod memory;
#[cfg(feature = "redis")]
mod redis;

pub use memory::MemoryReplayStore;
#[cfg(feature = "redis")]
pub use redis::{RedisProblem, RedisReplayStore};
