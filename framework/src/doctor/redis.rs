//! Whether a Redis is fit for what is kept in it.

use std::time::Duration;

use redis::cmd;

use super::{Named, clock, workers};
use crate::config::Config;
use crate::health::Finding;
use crate::redis::{Redis, RedisError};

const DEADLINE: Duration = Duration::from_secs(1);
/// How long a message may take to come back.
const ROUND_TRIP: Duration = Duration::from_secs(2);
/// Before it scripts can't both ask for the time and write.
const OLDEST: (u32, u32) = (5, 0);
/// What an instance has open besides its workers' connections: a shared one, one that hears channels, one that publishes.
const LINES: u64 = 3;
/// Who looks, and what else asks a server now and then.
const GUESTS: u64 = 8;

/// Everything about `redis`, which `instances` share.
pub(super) async fn look(
    redis: &Redis,
    config: &Config,
    instances: usize,
    holds_sessions: bool,
) -> Vec<Named> {
    let info: String = match redis.query(&cmd("INFO"), DEADLINE).await {
        Ok(info) => info,
        // The check of readiness says so itself.
        Err(_) => return Vec::new(),
    };
    let info = Info { address: redis.address(), text: &info };
    let mut findings = vec![info.version()];
    findings.push(info.eviction(config, holds_sessions));
    findings.extend(info.connections(most_clients(redis, &info).await, config, instances as u64));
    findings.push(("redis channels", round_trip(redis).await));
    findings.extend(clock(redis).await.map(|finding| ("clock", finding)));
    findings
}

/// What a server says about itself.
pub(super) struct Info<'a> {
    pub(super) address: &'a str,
    pub(super) text: &'a str,
}

impl Info<'_> {
    fn value(&self, key: &str) -> &str {
        let found = self.text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        found.unwrap_or_default().trim()
    }

    pub(super) fn version(&self) -> Named {
        let version = self.value("redis_version");
        let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
        let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        let finding = if (major, minor) < OLDEST {
            Finding::Error(format!(
                "Redis at {} is version {version}, whose scripts can't do what sessions need: install Redis 6.2 or newer",
                self.address
            ))
        } else {
            Finding::Good(format!("Redis at {} is version {version}", self.address))
        };
        ("redis version", finding)
    }

    /// Sessions have an end, so that every policy but one may take them.
    pub(super) fn eviction(&self, config: &Config, holds_sessions: bool) -> Named {
        let (most, policy) = (self.value("maxmemory"), self.value("maxmemory_policy"));
        let drops = !most.is_empty() && most != "0" && !policy.is_empty() && policy != "noeviction";
        let finding = if !drops {
            Finding::Good("it drops nothing that is kept".to_owned())
        } else {
            let what = if holds_sessions { "sessions" } else { "who is present, counts and kept answers" };
            let text = format!(
                "Redis at {} drops keys when memory is short ({policy}), {what} among them: run `redis-cli config set \
                 maxmemory-policy noeviction`, and write it into redis.conf",
                self.address
            );
            match config.environment.is_production() && holds_sessions {
                true => Finding::Error(text),
                false => Finding::Warning(text),
            }
        };
        ("redis memory", finding)
    }

    /// Whether it has room for the connections of all instances.
    pub(super) fn connections(&self, most: Option<u64>, config: &Config, instances: u64) -> Option<Named> {
        let most = most?;
        let own = (LINES + workers(config) as u64) * instances;
        let others: u64 = self.value("connected_clients").parse().unwrap_or(0);
        let needed = own.max(others) + GUESTS;
        let text = |words: &str| {
            format!(
                "Redis at {} {words} {most} connections ({others} are open, {instances} instance(s) open {own}): run \
                 `redis-cli config set maxclients {}`, and write it into redis.conf",
                self.address,
                (2 * needed).max(10_000)
            )
        };
        let finding = if needed > most {
            Finding::Error(text("takes no more than"))
        } else if needed * 5 > most * 4 {
            Finding::Warning(text("is close to its"))
        } else {
            Finding::Good(format!("{others} of {most} connections are open"))
        };
        Some(("redis connections", finding))
    }
}

/// How many connections it takes, when it tells: some rented ones don't.
async fn most_clients(redis: &Redis, info: &Info<'_>) -> Option<u64> {
    if let Ok(most) = info.value("maxclients").parse() {
        return Some(most);
    }
    let mut question = cmd("CONFIG");
    question.arg("GET").arg("maxclients");
    let (_, most): (String, String) = redis.query(&question, DEADLINE).await.ok()?;
    most.parse().ok()
}

/// Whether what is published is heard.
async fn round_trip(redis: &Redis) -> Finding {
    let channel = format!("regatta:doctor:{}", std::process::id());
    let heard = async {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| error.to_string())?;
        let word = u64::from_le_bytes(random).to_string();
        let channels = [channel.clone()];
        let (_mouth, mut ear) = redis.listen(&[], &channels).await.map_err(|error| error.to_string())?;
        let mut publish = cmd("PUBLISH");
        publish.arg(&channel).arg(&word);
        redis.query::<()>(&publish, DEADLINE).await.map_err(|error: RedisError| error.to_string())?;
        while let Some(message) = ear.next().await {
            if message.payload() == word.as_bytes() {
                return Ok(());
            }
        }
        Err("the connection was lost".to_owned())
    };
    let outcome = tokio::time::timeout(ROUND_TRIP, heard).await;
    match outcome.unwrap_or_else(|_| Err(format!("nothing within {} s", ROUND_TRIP.as_secs()))) {
        Ok(()) => Finding::Good("what is published is heard".to_owned()),
        Err(reason) => Finding::Error(format!(
            "what is published in Redis at {} is not heard ({reason}), so that instances don't hear each other: let this user \
             publish and subscribe, `ACL SETUSER name +publish +subscribe +psubscribe allchannels`",
            redis.address()
        )),
    }
}

async fn clock(redis: &Redis) -> Option<Finding> {
    let before = clock::now();
    let (seconds, micros): (i64, i64) = redis.query(&cmd("TIME"), DEADLINE).await.ok()?;
    let who = format!("Redis at {}", redis.address());
    Some(clock::compare(&who, before, seconds * 1_000 + micros / 1_000, clock::now()))
}
