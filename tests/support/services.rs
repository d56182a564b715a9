use std::net::TcpStream;

use regatta_tests::postgres::Postgres;
use regatta_tests::redis::Redis;

fn address(url: &str) -> &str {
    let rest = url.split_once("://").expect("a url").1;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    host.split('/').next().expect("a host")
}

#[test]
fn redis_starts_crashes_and_starts_again_on_its_port() {
    let mut redis = Redis::new();
    let url = redis.url();
    assert!(TcpStream::connect(address(&url)).is_ok());

    redis.crash();
    assert!(TcpStream::connect(address(&url)).is_err());

    redis.start();
    assert_eq!(redis.url(), url);
    assert!(TcpStream::connect(address(&url)).is_ok());
}

#[test]
fn two_postgres_servers_run_side_by_side_and_end() {
    let (one, other) = (Postgres::new(), Postgres::new());
    let urls = [one.url(), other.url()];
    assert_ne!(urls[0], urls[1]);
    for url in &urls {
        let answer = std::process::Command::new("psql").args([url, "-Atc", "select 6 * 7"]).output();
        assert_eq!(String::from_utf8_lossy(&answer.expect("psql runs").stdout).trim(), "42");
    }

    drop((one, other));

    for url in &urls {
        assert!(TcpStream::connect(address(url)).is_err());
    }
}
