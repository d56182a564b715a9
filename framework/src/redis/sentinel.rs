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

    /// Whom most of the Sentinels take for the master, and who says so too. After a failover most of them may not have
    /// heard of it yet: then it is whom any of them names. `server` tells how to reach it.
    pub(super) async fn master(&self, server: &Client) -> RedisResult<Client> {
        let mut votes = Votes::default();
        let mut failure = None;
        let mut asked: FuturesUnordered<_> = self.nodes.iter().map(|node| self.asked(node)).collect();
        while let Some(answer) = asked.next().await {
            match answer {
                Ok(address) => {
                    let count = votes.cast(address.clone());
                    if count == self.nodes.len() / 2 + 1
                        && let Some(master) = confirmed(server, address).await?
                    {
                        return Ok(master);
                    }
                }
                Err(reason) => _ = failure.get_or_insert(reason),
            }
        }
        let named = votes.counted();
        for (address, count) in &named {
            // The others were asked already.
            if *count <= self.nodes.len() / 2
                && let Some(master) = confirmed(server, address.clone()).await?
            {
                return Ok(master);
            }
        }
        if named.is_empty() {
            let reason = failure.unwrap_or_else(|| "`url` names none".to_owned());
            return Err(said(format!("none of {} Sentinels knows the master ({reason})", self.nodes.len())));
        }
        let named: Vec<_> = named.iter().map(|((host, port), _)| format!("{host}:{port}")).collect();
        Err(said(format!("{} is no master that answers; the Sentinels name it", named.join(", "))))
    }

    /// Whom a Sentinel names, or why it names nobody.
    async fn asked(&self, node: &Client) -> Result<Address, String> {
        match timeout(PATIENCE, self.ask(node)).await {
            Ok(Ok(Some(address))) => Ok(address),
            Ok(Ok(None)) => Err(format!("no `{}` is watched there: correct `master`", self.master)),
            Ok(Err(error)) => Err(tls::advice(&error).unwrap_or_else(|| error.to_string())),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }

    async fn ask(&self, node: &Client) -> RedisResult<Option<Address>> {
        let mut connection = node.get_multiplexed_async_connection_with_config(&connection_config()).await?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        question.query_async(&mut connection).await
    }
}

/// Who was named, and by how many.
#[derive(Default)]
struct Votes(Vec<(Address, usize)>);

impl Votes {
    /// Returns how many there are for this address now.
    fn cast(&mut self, address: Address) -> usize {
        if let Some((_, count)) = self.0.iter_mut().find(|(known, _)| *known == address) {
            *count += 1;
            return *count;
        }
        self.0.push((address, 1));
        1
    }

    /// The addresses, most often named first.
    fn counted(mut self) -> Vec<(Address, usize)> {
        self.0.sort_by_key(|(_, count)| Reverse(*count));
        self.0
    }
}

/// A client for whom the address leads to, if that is a master.
async fn confirmed(server: &Client, (host, port): Address) -> RedisResult<Option<Client>> {
    let client = at(server, host, port)?;
    let is_master = timeout(PATIENCE, is_master(&client)).await;
    Ok(matches!(is_master, Ok(Ok(true))).then_some(client))
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
