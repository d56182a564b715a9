//! Asks Sentinels which server is the master at the moment, whenever a connection is made.

use std::cmp::Reverse;
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use redis::{Client, ConnectionAddr, RedisConnectionInfo, RedisResult};
use tokio::time::timeout;

use super::connection_config;
use crate::config::DatastoreConfig;
use crate::tls;

/// How long a Sentinel may take to answer, and a server to say what it is.
const PATIENCE: Duration = Duration::from_millis(500);

type Address = (String, u16);

/// The Sentinels that watch a master.
#[derive(Debug)]
pub(super) struct Sentinels {
    master: String,
    nodes: Vec<Client>,
}

impl Sentinels {
    /// `nodes` are clients of the Sentinels with what the master is told; they have a password of their own.
    pub(super) fn of(master: &str, nodes: Vec<Client>, config: &DatastoreConfig) -> RedisResult<Self> {
        let mut settings = RedisConnectionInfo::default();
        if let Some(password) = &config.sentinel_password {
            settings = settings.set_password(password);
        }
        let nodes = nodes.into_iter().map(|node| {
            Client::open(node.get_connection_info().clone().set_redis_settings(settings.clone()))
        });
        Ok(Self { master: master.to_owned(), nodes: nodes.collect::<RedisResult<_>>()? })
    }

    /// Whom most of the Sentinels that answer take for the master, and who says so too: after a failover some of them
    /// may not have heard of it yet. `server` tells how to reach it.
    pub(super) async fn master(&self, server: &Client) -> RedisResult<Client> {
        let named = self.ask_all().await?;
        for (host, port) in &named {
            let client = at(server, host.clone(), *port)?;
            if let Ok(Ok(true)) = timeout(PATIENCE, is_master(&client)).await {
                return Ok(client);
            }
        }
        let named: Vec<_> = named.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        Err(said(format!("{} is no master that answers; the Sentinels name it", named.join(", "))))
    }

    /// The addresses that are named, most often named first.
    async fn ask_all(&self) -> RedisResult<Vec<Address>> {
        let ask = async |node| match timeout(PATIENCE, self.ask(node)).await {
            Ok(answer) => answer,
            Err(_) => Err(said("it does not answer".to_owned())),
        };
        let mut asked: FuturesUnordered<_> = self.nodes.iter().map(ask).collect();
        let mut votes: Vec<(Address, usize)> = Vec::new();
        let mut failure = None;
        while let Some(answer) = asked.next().await {
            let address = match answer {
                Ok(Some(address)) => address,
                Ok(None) => {
                    let text = format!("no `{}` is watched there: correct `master`", self.master);
                    failure.get_or_insert(text);
                    continue;
                }
                Err(error) => {
                    failure.get_or_insert(tls::advice(&error).unwrap_or_else(|| error.to_string()));
                    continue;
                }
            };
            let known = votes.iter().position(|(other, _)| *other == address);
            let known = known.unwrap_or_else(|| {
                votes.push((address, 0));
                votes.len() - 1
            });
            votes[known].1 += 1;
            if votes[known].1 > self.nodes.len() / 2 {
                break;
            }
        }
        if votes.is_empty() {
            let reason = failure.unwrap_or_else(|| "`url` names none".to_owned());
            return Err(said(format!("none of {} Sentinels knows the master ({reason})", self.nodes.len())));
        }
        votes.sort_by_key(|(_, count)| Reverse(*count));
        Ok(votes.into_iter().map(|(address, _)| address).collect())
    }

    async fn ask(&self, node: &Client) -> RedisResult<Option<Address>> {
        let mut connection = node.get_multiplexed_async_connection_with_config(&connection_config()).await?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        question.query_async(&mut connection).await
    }
}

async fn is_master(client: &Client) -> RedisResult<bool> {
    let mut connection = client.get_multiplexed_async_connection_with_config(&connection_config()).await?;
    let role: Vec<redis::Value> = redis::cmd("ROLE").query_async(&mut connection).await?;
    Ok(role.first().is_some_and(|role| *role == redis::Value::BulkString(b"master".to_vec())))
}

/// A client for another host that is told the same.
fn at(server: &Client, host: String, port: u16) -> RedisResult<Client> {
    let info = server.get_connection_info().clone();
    let address = match info.addr() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    Client::open(info.set_addr(address))
}

fn said(text: String) -> redis::RedisError {
    io::Error::other(text).into()
}
