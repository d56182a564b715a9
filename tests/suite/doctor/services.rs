//! Redis, PostgreSQL and the instances themselves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use regatta_tests::cluster::Cluster;
use regatta_tests::ports;
use regatta_tests::postgres::Postgres;
use regatta_tests::proxy::{Line, Proxy};
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::wait::{SOON, START, until_true};

use super::{SECRET, examine};

const OTHER: &str = "0d1c2b3a49586776857493a2b1c0dfee0d1c2b3a49586776";

/// Production on these services.
fn production<'a>(redis: &'a str, database: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("REGATTA_ENV", "production"),
        ("PUBLIC_URL", "https://chat.example.com"),
        ("SESSION_SECRET", SECRET),
        ("REDIS_URL", redis),
        ("DATABASE_URL", database),
    ]
}

#[test]
fn a_redis_that_may_drop_sessions_is_an_error() {
    let (app, redis, postgres) = (App::new(), Redis::new(), Postgres::new());
    let (url, database) = (redis.url(), postgres.url());
    let settings = production(&url, &database);
    let migrated =
        app.command(&["migrate"]).envs(settings.iter().copied()).output().expect("the app's binary");
    assert!(migrated.status.success(), "{migrated:?}");

    let seen = examine(&app, &[], &settings);
    assert_eq!((seen.code, seen.at("error")), (0, vec![]), "{seen:?}");
    seen.one("ok", "what is published is heard");
    seen.one("ok", "the tables are what the models want");
    assert_eq!(seen.at("ok").iter().filter(|text| text.starts_with("clock: ")).count(), 2, "{seen:?}");

    redis.command("CONFIG SET maxmemory 100mb");
    redis.command("CONFIG SET maxmemory-policy volatile-lru");
    redis.command("CONFIG SET maxclients 40");
    let seen = examine(&app, &["--instances", "20"], &settings);
    assert_eq!(seen.code, 1);
    assert!(seen.one("error", "volatile-lru").contains("config set maxmemory-policy noeviction"), "{seen:?}");
    assert!(seen.one("error", "takes no more than 40").contains("config set maxclients"), "{seen:?}");
    assert_eq!(seen.json["instances"], 20);
}

#[test]
fn a_database_that_is_too_small_for_all_pools_is_an_error() {
    let (app, redis, postgres) = (App::new(), Redis::new(), Postgres::with_room(10));
    let (url, database) = (redis.url(), postgres.url());
    let settings = production(&url, &database);

    let seen = examine(&app, &["--instances", "3"], &settings);

    assert_eq!(seen.code, 1);
    let pool = seen.one("error", "database pool");
    assert!(pool.contains("30 in all, and the database takes 7"), "{pool}");
    assert!(pool.contains("pool_size = 1 for [default]"), "{pool}");
    // Nothing was migrated yet.
    seen.one("warning", "models: ");
}

#[test]
fn services_that_hang_are_told_in_time() {
    let (app, redis, postgres) = (App::new(), Redis::new(), Postgres::new());
    let database = Proxy::to(postgres.port());
    let address = postgres.url().replace(&postgres.port().to_string(), &database.port().to_string());
    let site = Proxy::to(postgres.port());
    redis.freeze();
    database.turn(Line::Hung);
    site.turn(Line::Hung);
    let url = redis.url();

    let through = format!("http://127.0.0.1:{}", site.port());
    let seen = examine(&app, &["--url", &through], &production(&url, &address));

    assert_eq!(seen.code, 1);
    seen.one("error", "redis: ");
    seen.one("error", "database: ");
    assert!(seen.one("error", "proxy: ").contains("does not answer (nothing within 3 s)"), "{seen:?}");
    redis.thaw();
}

#[test]
fn instances_that_sign_with_different_secrets_are_told() {
    let (app, redis) = (App::new(), Redis::new());
    let url = redis.url();
    let with = |secret: &'static str| {
        [("REGATTA__SOCKETS__ADAPTER", "redis"), ("REDIS_URL", &url), ("SESSION_SECRET", secret)]
    };
    let lift = |secret: &'static str| {
        let instance = app.lift(&["--port".to_owned(), ports::free().to_string()], &with(secret));
        instance.wait_for_line("listening", START);
        instance
    };
    let _one = lift(SECRET);
    let alone = examine(&app, &[], &with(OTHER));
    assert!(alone.one("error", "session secret").contains("do not know logins of this one"), "{alone:?}");

    let _other = lift(OTHER);
    let seen = || examine(&app, &[], &with(SECRET));
    until_true("both have told who they are", SOON, || seen().json["instances"] == 2);
    let seen = seen();
    assert_eq!(seen.code, 1);
    let text = seen.one("error", "session secret");
    assert!(text.contains("2 of 2") && text.contains("give all the same SESSION_SECRET"), "{text}");
}

#[test]
fn a_fleet_of_one_build_is_well_and_a_new_program_is_told() {
    let (cluster, program) = Cluster::replaceable();
    let (url, database) = (cluster.redis().url(), cluster.postgres().url());
    let settings = [
        ("REDIS_URL", url.as_str()),
        ("DATABASE_URL", &database),
        ("SESSION_SECRET", regatta_tests::cluster::SECRET),
    ];
    let app = cluster.files();
    let well = |part: &str| {
        let seen = examine(app, &[], &settings);
        seen.code == 0 && seen.at("ok").iter().any(|text| text.contains(part))
    };
    until_true("three that are well", SOON, || well("3 run, all of this build"));
    until_true("and one secret", SOON, || well("the same on every instance"));

    let next = program.with_extension("next");
    let old = fs::read(&program).expect("the program");
    fs::copy(&program, &next).expect("a copy");
    fs::write(&next, [old.as_slice(), b"\0"].concat()).expect("the new program");
    fs::rename(&next, &program).expect("the new program in its place");
    let seen = examine(app, &[], &settings);
    assert!(seen.one("hint", "of another build").contains("`fleet restart`"), "{seen:?}");
    assert_eq!(cluster.fleet(&["restart"])["done"], "all instances are new");
    until_true("three of the new build", SOON, || well("3 run, all of this build"));
}

#[test]
fn a_secret_that_others_may_read_and_a_folder_that_takes_nothing_are_told() {
    let app = App::new();
    app.write("config/local.toml", "[log]\nlevel = \"warn\"\n");
    let file = app.root().join("config/local.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("its mode");
    app.write("in-the-way", "");

    let seen = examine(&app, &[], &[("REGATTA__UPLOADS__FOLDER", "in-the-way/uploads")]);

    assert_eq!(seen.code, 1);
    assert!(seen.one("warning", "secrets: ").contains("chmod 600"), "{seen:?}");
    assert!(seen.one("error", "uploads: ").ends_with("change folder in config/uploads.toml"), "{seen:?}");
}
