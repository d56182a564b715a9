//! Whether Redis answers, and takes what is written; what else it should be is the doctor's question.

use std::time::Duration;

use super::Redis;
use crate::health::Finding;

const DEADLINE: Duration = Duration::from_secs(1);

pub(super) async fn run(redis: Redis) -> Finding {
    let address = redis.address().clone();
    let info: String = match redis.query(&redis::cmd("INFO"), DEADLINE).await {
        Ok(info) => info,
        Err(error) => {
            return Finding::Error(error.to_string());
        }
    };
    judge(&address, &info)
}

fn judge(address: &str, info: &str) -> Finding {
    let value = |key: &str| {
        info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).unwrap_or("").trim()
    };
    let version = value("redis_version");
    if value("role") == "slave" {
        return Finding::Error(format!(
            "Redis at {address} is a read-only replica: put the primary's address into config/datastores.toml"
        ));
    }
    Finding::Good(format!("Redis {version} at {address} answers"))
}

#[cfg(test)]
mod tests;
