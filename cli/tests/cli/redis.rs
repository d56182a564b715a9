use std::net::TcpStream;
use std::path::Path;

use regatta_cli::demo::interrupt::Interrupt;
use regatta_cli::demo::redis::Redis;
use regatta_cli::process::find_program;
use tempfile::tempdir;

#[test]
fn a_private_redis_answers_and_leaves_nothing() {
    let Some(executable) = find_program("redis-server") else {
        eprintln!("skipped: redis-server is not installed");
        return;
    };
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();

    let redis = Redis::start(&executable, &data, &folder.path().join("log"), &Interrupt::default()).unwrap();
    let address = redis.url().trim_start_matches("redis://").to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(redis);

    assert!(TcpStream::connect(&address).is_err());
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn a_redis_that_does_not_start_is_reported_with_its_log() {
    let folder = tempdir().unwrap();
    let log = folder.path().join("log");

    // `ls` refuses Redis' flags and ends.
    let ls = find_program("ls").unwrap();
    let error = Redis::start(&ls, Path::new("/"), &log, &Interrupt::default()).unwrap_err();

    assert!(error.to_string().contains("redis-server ended by itself"), "{error}");
}
