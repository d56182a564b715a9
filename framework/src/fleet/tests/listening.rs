//! Unix sockets.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use tempfile::tempdir;

use crate::fleet::listeners::{bind_unix, short};

#[test]
fn a_socket_is_for_its_user_alone_and_a_dead_one_is_replaced() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("below").join("a.sock");
    let first = bind_unix(&path, Some(0o600)).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let taken = bind_unix(&path, None).unwrap_err().to_string();
    assert!(taken.contains("in use by another program"), "{taken}");
    drop(first);
    drop(bind_unix(&path, None).unwrap());
}

#[test]
fn a_file_in_its_place_is_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("precious");
    std::fs::write(&path, "data").unwrap();
    assert!(bind_unix(&path, None).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_path_has_a_short_way() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("d".repeat(120)).join("a.sock");
    let listener = bind_unix(&path, Some(0o600)).unwrap();
    let (way, _folder) = short(&path).unwrap();
    assert!(UnixStream::connect(way).is_ok());
    drop(listener);
}
