//! Whether every instance signs with a secret the others know: else logins come and go with the balancer's choice.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use redis::Script;
use sha2::Sha256;

use crate::config::Config;
use crate::health::{Check, Finding};
use crate::redis::{Redis, RedisError};

/// The name of the check.
pub(crate) const NAME: &str = "session secret";

const DEADLINE: Duration = Duration::from_secs(1);
/// How long the fleet's mark outlives the last instance that has it, in seconds.
const KEPT: u64 = 60;

/// What is said of an instance that signs with what others do not know.
pub(crate) const DIFFERS: &str = "SESSION_SECRET is not that of the other instances, which do not know logins of this one: give \
                                  all the same; to change it, first add the new one behind the old one everywhere, as `old,new`";

/// The first mark is that of the secret which signs; the mark that was there first counts.
const COMPARE: &str = r"
local known = redis.call('GET', KEYS[1])
if not known or known == ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[1])
  return ARGV[2]
end
return known
";

/// Compares the marks of `secrets` with that of the fleet, which lies beside the sessions. A mark tells nothing about its
/// secret.
pub(crate) fn check(redis: &Redis, config: &Config, secrets: &[String]) -> Check {
    let redis = redis.clone();
    let key: Arc<str> = key(config).into();
    let marks: Arc<[String]> = secrets.iter().map(|secret| mark(secret)).collect();
    Check::new(NAME, move || compare(redis.clone(), key.clone(), marks.clone())).for_readiness()
}

/// The mark the fleet goes by, when there is one; asking leaves none.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn of_fleet(redis: &Redis, config: &Config) -> Result<Option<String>, RedisError> {
    let mut question = redis::cmd("GET");
    question.arg(key(config));
    redis.query(&question, DEADLINE).await
}

fn key(config: &Config) -> String {
    format!("{}secret", config.session.prefix)
}

async fn compare(redis: Redis, key: Arc<str>, marks: Arc<[String]>) -> Finding {
    let script = Script::new(COMPARE);
    let mut question = script.key(&*key);
    question.arg(KEPT).arg(marks.first().map_or("", String::as_str));
    match redis.query::<String>(&question, DEADLINE).await {
        Ok(fleet) if marks.contains(&fleet) => Finding::Good("the same on every instance".to_owned()),
        Ok(_) => Finding::Error(DIFFERS.to_owned()),
        // Whether Redis is there is another check's question.
        Err(error) => Finding::Warning(format!("not compared with the other instances: {error}")),
    }
}

/// What tells a secret from others and nothing about it.
pub(crate) fn mark(secret: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(b"regatta: which secret signs sessions");
    mac.finalize().into_bytes().iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
