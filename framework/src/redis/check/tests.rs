use super::judge;
use crate::health::Finding;

#[test]
fn a_primary_that_keeps_its_keys_is_good() {
    let info = "redis_version:7.0.15\r\nrole:master\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n";
    let found = judge("redis://db", info);
    assert_eq!(found, Finding::Good("Redis 7.0.15 at redis://db answers".to_owned()));
}

#[test]
fn a_replica_is_an_error() {
    assert!(judge("redis://db", "role:slave\r\n").is_error());
}
