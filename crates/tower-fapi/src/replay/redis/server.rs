//! A connection, and what is asked of the server on it before it is used.

use std::collections::HashMap;
use std::time::Instant;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{Cmd, ErrorKind, Pipeline, ServerErrorKind, Value, cmd, from_redis_value, pipe};

use super::keyspace::{Keyspace, Run};
use super::problem::RedisProblem;
use super::settings::Settings;

/// A connection of the library.
#[derive(Clone)]
pub(super) enum Wire {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Wire {
    /// Sends commands about keys of one group and gives one reply each, refusals of the server among them.
    pub(super) async fn send(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisProblem> {
        let replies = match self.clone() {
            Self::Server(mut connection) => {
                connection
                    .req_packed_commands(commands, 0, commands.len())
                    .await
            }
            Self::Cluster(mut connection) => {
                let mut replies = connection
                    .req_packed_commands(commands, 0, commands.len())
                    .await;
                // A node that answers MOVED has done nothing, so this may be asked again; the library has learnt the way.
                let moved = ErrorKind::Server(ServerErrorKind::Moved);
                if replies.as_ref().is_err_and(|error| error.kind() == moved) {
                    replies = connection
                        .req_packed_commands(commands, 0, commands.len())
                        .await;
                }
                replies
            }
        };
        replies.map_err(|error| RedisProblem::from_redis(&error))
    }
}

/// A connection to a server that may be used.
pub(super) struct Server {
    pub(super) wire: Wire,
    /// None in a cluster too, where each node has its own and the library reconnects behind our back.
    pub(super) run: Run,
    /// When the connection was made.
    pub(super) since: Instant,
}

impl Server {
    /// Connects, and makes sure that the server keeps what it is given.
    pub(super) async fn connect(
        settings: &Settings,
        keyspace: &Keyspace,
    ) -> Result<Self, RedisProblem> {
        let allowed = settings.attempt_timeout();
        let connecting = async {
            let wire = settings
                .connect()
                .await
                .map_err(|error| RedisProblem::from_redis(&error))?;
            let run = match &wire {
                Wire::Server(_) => inspect(&wire).await?,
                Wire::Cluster(connection) => {
                    inspect_cluster(connection.clone()).await?;
                    None
                }
            };
            try_to_write(&wire, keyspace).await?;
            Ok(Self {
                wire,
                run,
                since: Instant::now(),
            })
        };
        tokio::time::timeout(allowed, connecting)
            .await
            .unwrap_or(Err(RedisProblem::TimedOut { allowed }))
    }
}

/// Checks role and eviction, and gives the run.
async fn inspect(wire: &Wire) -> Result<Run, RedisProblem> {
    let mut questions = pipe();
    questions
        .add_command(info("server"))
        .add_command(info("replication"))
        .add_command(info("memory"))
        .add_command(policy());
    let replies = wire.send(&questions).await?;
    let [server, replication, memory, policy] = replies.as_slice() else {
        return Err(TOO_FEW);
    };
    refuse_without_login(server)?;
    if field(replication, "role").as_deref() == Some("slave") {
        return Err(RedisProblem::Replica);
    }
    check_policy(policy_of(policy).or_else(|| field(memory, "maxmemory_policy")))?;
    let run = field(server, "run_id").filter(|run| !run.contains(' '));
    if run.is_none() {
        tracing::warn!(
            target: "tower_fapi",
            "Redis does not tell its run_id (INFO): if it restarts from an old snapshot, or a replica takes over that lacks \
             the last writes, proofs of that time can be used again"
        );
    }
    Ok(run)
}

/// Checks eviction on each primary of a cluster.
async fn inspect_cluster(mut connection: ClusterConnection) -> Result<(), RedisProblem> {
    let primaries = || RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let policies = match connection.route_command(policy(), primaries()).await {
        Ok(Value::Map(nodes)) => nodes
            .iter()
            .map(|(_, reply)| policy_of(reply))
            .collect::<Vec<_>>(),
        _ => match connection.route_command(info("memory"), primaries()).await {
            Ok(Value::Map(nodes)) => nodes
                .iter()
                .map(|(_, reply)| field(reply, "maxmemory_policy"))
                .collect(),
            Ok(_) => vec![None],
            Err(error) => match RedisProblem::from_redis(&error) {
                // The user may do neither: that is a warning below.
                RedisProblem::Login { .. } => vec![None],
                problem => return Err(problem),
            },
        },
    };
    policies.into_iter().try_for_each(check_policy)
}

/// Finds out now, not with the first request, whether the user may write.
async fn try_to_write(wire: &Wire, keyspace: &Keyspace) -> Result<(), RedisProblem> {
    let mut probe = pipe();
    probe
        .cmd("SET")
        .arg(keyspace.probe())
        .arg(1)
        .arg("PX")
        .arg(1000);
    match wire.send(&probe).await?.as_slice() {
        [Value::Okay] => Ok(()),
        // Full is an answer too: it ends when entries expire.
        [Value::ServerError(error)] if error.code() == "OOM" => Ok(()),
        [Value::ServerError(error)] => Err(RedisProblem::from_server(
            Some(error.code()),
            error.to_string(),
        )),
        _ => Err(TOO_FEW),
    }
}

const TOO_FEW: RedisProblem = RedisProblem::Protocol {
    detail: "unexpected replies",
};

fn info(section: &str) -> Cmd {
    let mut info = cmd("INFO");
    info.arg(section);
    info
}

fn policy() -> Cmd {
    let mut policy = cmd("CONFIG");
    policy.arg("GET").arg("maxmemory-policy");
    policy
}

/// Says so plainly where the server wants a password and got none: it refuses everything then.
fn refuse_without_login(reply: &Value) -> Result<(), RedisProblem> {
    match reply {
        Value::ServerError(error) if error.code() == "NOAUTH" => Err(RedisProblem::from_server(
            Some(error.code()),
            error.to_string(),
        )),
        _ => Ok(()),
    }
}

/// Every policy but `noeviction` drops keys that have not expired; those called `volatile-…` drop just our kind.
fn check_policy(policy: Option<String>) -> Result<(), RedisProblem> {
    match policy {
        Some(policy) if policy == "noeviction" => Ok(()),
        Some(policy) => Err(RedisProblem::Evicting { policy }),
        None => {
            tracing::warn!(
                target: "tower_fapi",
                "Redis does not tell its maxmemory-policy (CONFIG GET, INFO): see to it that it is noeviction, else used proofs \
                 can be used again under memory pressure"
            );
            Ok(())
        }
    }
}

fn policy_of(reply: &Value) -> Option<String> {
    if matches!(reply, Value::ServerError(_)) {
        return None;
    }
    let mut values: HashMap<String, String> = from_redis_value(reply.clone()).ok()?;
    values.remove("maxmemory-policy")
}

/// A field of an INFO text.
fn field(reply: &Value, name: &str) -> Option<String> {
    if matches!(reply, Value::ServerError(_)) {
        return None;
    }
    let text: String = from_redis_value(reply.clone()).ok()?;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(field, _)| *field == name)
        .map(|(_, value)| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_noeviction_keeps_everything() {
        assert_eq!(check_policy(Some("noeviction".to_owned())), Ok(()));
        assert_eq!(check_policy(None), Ok(()));
        for policy in [
            "allkeys-lru",
            "allkeys-lfu",
            "allkeys-random",
            "volatile-lru",
            "volatile-lfu",
            "volatile-random",
            "volatile-ttl",
        ] {
            assert_eq!(
                check_policy(Some(policy.to_owned())),
                Err(RedisProblem::Evicting {
                    policy: policy.to_owned()
                })
            );
        }
    }

    #[test]
    fn info_is_read_by_field() {
        let text = "# Server\r\nredis_version:7.0.15\r\nrun_id:e0f1\r\nempty:\r\n";
        let reply = Value::BulkString(text.as_bytes().to_vec());
        assert_eq!(field(&reply, "run_id").as_deref(), Some("e0f1"));
        assert_eq!(field(&reply, "run"), None);
        assert_eq!(field(&reply, "empty"), None);
        assert_eq!(field(&Value::Nil, "run_id"), None);
    }
}
