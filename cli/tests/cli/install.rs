use std::fs;
use std::os::unix::fs::symlink;

use tempfile::tempdir;

use crate::support::{entries, regatta, run};

#[test]
fn a_check_without_redis_fails_before_it_builds_and_says_what_to_install() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("bin");
    let temporary = folder.path().join("tmp");
    fs::create_dir(&path).unwrap();
    fs::create_dir(&temporary).unwrap();
    // A system without redis-server and without apt-get.
    symlink("/bin/true", path.join("nginx")).unwrap();

    let mut demo = regatta(folder.path());
    let (done, said) = run(demo.args(["demo", "--check"]).env("PATH", &path).env("TMPDIR", &temporary));

    assert!(!done);
    assert!(said.contains("can't be checked without redis-server"), "{said}");
    assert!(said.contains("Install redis-server with"), "{said}");
    assert_eq!(entries(&temporary), Vec::<String>::new());
}
