use super::config;
use crate::config::Environment;
use crate::doctor::clock::compare;
use crate::doctor::database::pool;
use crate::doctor::redis::Info;
use crate::health::Finding;

fn info(text: &str) -> Info<'_> {
    Info { address: "redis://127.0.0.1:6379", text }
}

#[test]
fn an_old_redis_is_an_error() {
    assert!(info("redis_version:4.0.14\r\n").version().1.is_error());
    assert!(matches!(info("redis_version:7.0.15\r\n").version().1, Finding::Good(_)));
}

#[test]
fn a_redis_that_drops_sessions_is_an_error_in_production() {
    let (test, production) = (config(Environment::Test, &[]), config(Environment::Production, &[]));
    // Sessions have an end, so that also a policy for such keys alone takes them.
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let text = format!("maxmemory:1000\r\nmaxmemory_policy:{policy}\r\n");
        assert!(info(&text).eviction(&production, true).1.is_error());
        assert!(matches!(info(&text).eviction(&production, false).1, Finding::Warning(_)));
        assert!(matches!(info(&text).eviction(&test, true).1, Finding::Warning(_)));
    }
    for text in
        ["maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", "maxmemory:9\r\nmaxmemory_policy:noeviction\r\n"]
    {
        assert!(matches!(info(text).eviction(&production, true).1, Finding::Good(_)), "{text}");
    }
}

#[test]
fn a_redis_without_room_for_all_connections_is_an_error() {
    let config = config(Environment::Test, &[("http.workers", "2")]);
    let told = |most, open: u64, instances| {
        let text = format!("connected_clients:{open}\r\n");
        info(&text).connections(most, &config, instances).map(|(_, finding)| finding)
    };
    assert_eq!(told(None, 1, 1), None, "a server that does not tell");
    assert!(matches!(told(Some(10_000), 20, 3), Some(Finding::Good(_))));
    assert!(matches!(told(Some(34), 20, 3), Some(Finding::Warning(_))));
    assert!(told(Some(100), 2, 20).unwrap().is_error(), "20 instances with 5 each");
    assert!(told(Some(50), 45, 3).unwrap().is_error(), "others have it nearly full");
}

#[test]
fn the_pools_of_all_instances_fit_into_the_database() {
    let config = config(Environment::Test, &[]);
    let told = |size, room, instances| pool("default", size, room, &config, instances);
    assert!(matches!(told(10, 97, 3), Finding::Good(_)));
    let restart = told(10, 35, 3);
    assert!(
        matches!(&restart, Finding::Warning(text) if text.contains("pool_size = 8 for [default]")),
        "{restart:?}"
    );
    let full = told(10, 7, 3);
    assert!(full.is_error() && full.text().contains("30 in all"), "{full:?}");
    assert!(full.text().contains("pool_size = 1 for [default]"), "{full:?}");
    assert!(told(10, 3, 9).text().contains("run fewer instances"));
}

#[test]
fn clocks_that_differ_are_told() {
    assert!(matches!(compare("it", 10_000, 10_020, 10_050), Finding::Good(_)));
    // A slow answer is no difference.
    assert!(matches!(compare("it", 10_000, 11_500, 12_000), Finding::Good(_)));
    let behind = compare("it", 10_000, 6_500, 10_010);
    assert!(matches!(&behind, Finding::Warning(text) if text.contains("3.5 s behind")), "{behind:?}");
    assert!(compare("it", 10_000, 50_000, 10_010).is_error());
}
