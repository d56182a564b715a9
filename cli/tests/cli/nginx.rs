use regatta_cli::demo::cluster::with_redis_adapter;
use regatta_cli::demo::{nginx, ports};

const CONF: &str = "\
upstream app {
    # server 127.0.0.1:9999 is no server
    server 127.0.0.1:3001 max_fails=1 fail_timeout=2s;
    server 127.0.0.1:3002;
}
server {
    listen 8080;
    listen [::]:8080 default_server;
    location / { proxy_pass http://app; }
}
";

const EDITED: &str = "\
upstream app {
    # server 127.0.0.1:9999 is no server
    server 127.0.0.1:14001 max_fails=1 fail_timeout=2s;
    server 127.0.0.1:14002;
}
server {
    listen 9090;
    listen [::]:9090 default_server;
    location / { proxy_pass http://app; }
}
";

#[test]
fn only_the_ports_of_nginx_conf_change() {
    assert_eq!(nginx::with_ports(CONF, 9090, &[14001, 14002]).unwrap(), EDITED);
}

#[test]
fn another_number_of_servers_than_instances_is_an_error() {
    for instances in [&[14001][..], &[14001, 14002, 14003]] {
        let error = nginx::with_ports(CONF, 9090, instances).unwrap_err();

        assert!(error.to_string().contains("upstream servers than instances"), "{error}");
    }
}

#[test]
fn a_conf_that_listens_nowhere_is_an_error() {
    assert!(nginx::with_ports("server 127.0.0.1:3001;\n", 9090, &[1]).is_err());
}

#[test]
fn only_the_adapter_of_sockets_toml_changes() {
    let sockets = "# Sockets.\nadapter = \"memory\"\n\n[production]\nadapter = \"redis\"\n";

    let edited = with_redis_adapter(sockets).unwrap();

    assert_eq!(edited, "# Sockets.\nadapter = \"redis\"\n\n[production]\nadapter = \"redis\"\n");
}

#[test]
fn sockets_toml_without_an_adapter_is_an_error() {
    assert!(with_redis_adapter("[production]\nadapter = \"redis\"\n").is_err());
}

#[test]
fn free_ports_are_in_a_row_and_can_be_listened_on() {
    let row = ports::free_row(3).unwrap();

    let listeners: Vec<_> =
        row.map(|port| std::net::TcpListener::bind(("127.0.0.1", port)).unwrap()).collect();
    assert_eq!(listeners.len(), 3);
}

#[test]
fn a_taken_port_is_replaced_by_a_free_one() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = std::net::TcpListener::bind(("127.0.0.1", taken)).unwrap();

    let port = ports::free_or(taken).unwrap();

    assert_ne!(port, taken);
    drop(listener);
    assert_eq!(ports::free_or(taken).unwrap(), taken);
}
