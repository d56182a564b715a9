use regatta_tests::cluster::{Instance, instances_in};

#[test]
fn instances_are_read_from_a_text_log() {
    let log = "INFO starting instance=a1 pid=41\nINFO listening instance=a1 address=127.0.0.1:3001\n\
               INFO starting instance=b2 pid=42\nINFO started pid=40\n\
               INFO starting instance=a1 pid=43";

    assert_eq!(instances_in(log), [Instance { id: "a1".to_owned(), pid: 43 }]);
}

#[test]
fn instances_are_read_from_a_json_log() {
    let log = r#"{"level":"INFO","message":"listening","address":"127.0.0.1:3001","instance":"c3","pid":44}"#;

    assert_eq!(instances_in(log), [Instance { id: "c3".to_owned(), pid: 44 }]);
}
