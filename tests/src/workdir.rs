//! Folders of a test run, all below the build's target folder.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, process, thread};

use crate::wait;

/// The folder of the workspace.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent")
}

/// The build's target folder, found from the running test (`<target>/<profile>/deps/<test>`) or program
/// (`<target>/<profile>/<program>`).
pub fn target() -> PathBuf {
    let program = std::env::current_exe().expect("a program knows its own path");
    let folder = program.parent().expect("a program lies in a folder");
    let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    profile.and_then(Path::parent).expect("a profile's folder lies in the target folder").to_owned()
}

/// The folder below the target folder where tests keep what outlives one of them.
pub fn shared(name: &str) -> PathBuf {
    let path = target().join("regatta-tests").join(name);
    fs::create_dir_all(&path).unwrap_or_else(|error| panic!("can't make {}: {error}", path.display()));
    path
}

/// A folder of one test, removed with this value; a failing test leaves it behind for a look at its logs.
#[derive(Debug)]
pub struct Workdir {
    path: PathBuf,
}

impl Workdir {
    /// Makes an empty folder named after the running test.
    #[expect(clippy::new_without_default, reason = "it touches the disk")]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let test = thread::current().name().unwrap_or("test").replace("::", "-");
        let name = format!("{test}-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { path: shared(&format!("run/{name}")) }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("left for a look: {}", self.path.display());
        } else {
            // A browser's helpers may write for a moment after it has ended; a folder left over costs disk, not correctness.
            let _ = wait::poll(wait::SOON, || fs::remove_dir_all(&self.path).ok());
        }
    }
}

/// Copies the files of `from` into `to`, folders included.
///
/// # Panics
/// When a file can't be read or written.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for the copy");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("can't read {}: {error}", from.display())) {
        let entry = entry.expect("an entry of the folder");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("the entry's type").is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target)
                .unwrap_or_else(|error| panic!("can't copy {}: {error}", target.display()));
        }
    }
}

/// The paths of all files below `root`, relative to it, sorted.
///
/// # Panics
/// When a folder can't be read.
pub fn files_below(root: &Path) -> Vec<PathBuf> {
    fn visit(folder: &Path, root: &Path, files: &mut Vec<PathBuf>) {
        for entry in
            fs::read_dir(folder).unwrap_or_else(|error| panic!("can't read {}: {error}", folder.display()))
        {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                visit(&path, root, files);
            } else {
                files.push(path.strip_prefix(root).expect("a path below its root").to_owned());
            }
        }
    }
    let mut files = Vec::new();
    visit(root, root, &mut files);
    files.sort();
    files
}
