mod built;
mod documents;
#[cfg(feature = "schema")]
mod schema;
mod wrong;
