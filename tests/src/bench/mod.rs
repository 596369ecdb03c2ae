//! What benchmarks have in common: the load, the processor cores, and what is made of it all.

pub mod issuer;
mod load;
mod measured;
mod processor;

pub use load::send;
pub use measured::{Measured, machine, median};
pub use processor::{SERVER_CORE, leave_server_core, on_server_core, processor_time};
