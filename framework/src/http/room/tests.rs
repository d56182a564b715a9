use std::net::TcpListener;

use super::Room;

#[test]
fn what_is_kept_free_is_a_quarter_at_most() {
    let room = Room::keeping(256);

    assert_eq!(room.for_clients(20_000), 19_744);
    assert_eq!(room.for_clients(1_024), 768);
    assert_eq!(room.for_clients(256), 192);
    assert_eq!(Room::keeping(0).for_clients(256), 256);
}

#[test]
fn a_client_has_a_place_while_few_files_are_open() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();

    assert!(Room::keeping(256).has_place(&listener));
}
