//! An app made by `regatta new`: built once, copied for each test.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::http;
use crate::process::Process;
use crate::wait::START;
use crate::workdir::{Workdir, copy_tree, files_below, repository, shared, target};

/// The name the tests give to the app.
pub const NAME: &str = "chat";

/// The made and built app that every test copies.
#[derive(Debug)]
pub struct Scaffold {
    name: String,
    /// The folder `regatta new` made. Don't write into it.
    pub folder: PathBuf,
    /// The app's binary.
    pub binary: PathBuf,
}

/// How the app is built, and the folder of the target folder its binary then lies in.
#[derive(Debug, Clone, Copy)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    fn build(self) -> Command {
        let mut build = cargo("build");
        build.arg("--locked");
        if let Self::Release = self {
            build.arg("--release");
        }
        build
    }
}

/// Makes and builds the app once per run, also when every test is a process of its own.
///
/// # Panics
/// When the CLI or the app does not build; the message shows the compiler's output.
pub fn scaffold() -> &'static Scaffold {
    static SCAFFOLD: OnceLock<Scaffold> = OnceLock::new();
    SCAFFOLD.get_or_init(|| {
        let home = shared("scaffold");
        let lock = File::create(home.join("lock")).expect("a lock file");
        lock.lock().expect("the lock on the scaffold");
        let scaffold = Scaffold::below(&home, NAME);
        // nextest names its runs; `cargo test` is one process, for which this cell is enough.
        let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_default();
        let stamp = home.join("built-in-run");
        if run.is_empty() || fs::read_to_string(&stamp).ok().as_deref() != Some(&run) {
            scaffold.make(&home, Profile::Debug, &|_| ());
            fs::write(&stamp, run).expect("the stamp of this run");
        }
        scaffold
    })
}

impl Scaffold {
    fn below(home: &Path, name: &str) -> Self {
        Self { name: name.to_owned(), folder: home.join(name), binary: home.join("bin").join(name) }
    }

    /// Makes the app, lets `edit` change the files in its folder, and builds it with a release's optimisations.
    ///
    /// # Panics
    /// When the CLI or the app does not build; the message shows the compiler's output.
    pub fn released(edit: impl Fn(&Path)) -> Self {
        let home = shared("release");
        let lock = File::create(home.join("lock")).expect("a lock file");
        lock.lock().expect("the lock on the scaffold");
        let scaffold = Self::below(&home, NAME);
        scaffold.make(&home, Profile::Release, &edit);
        scaffold
    }

    /// Makes an app of this name, lets `edit` change the files in its folder, and builds it. No other app of the tests
    /// has the name: their binaries lie in one folder.
    ///
    /// # Panics
    /// When the CLI or the app does not build; the message shows the compiler's output.
    pub fn edited(name: &str, edit: impl Fn(&Path)) -> Self {
        let home = shared(name);
        let lock = File::create(home.join("lock")).expect("a lock file");
        lock.lock().expect("the lock on the scaffold");
        let scaffold = Self::below(&home, name);
        scaffold.make(&home, Profile::Debug, &edit);
        scaffold
    }

    fn make(&self, home: &Path, profile: Profile, edit: &dyn Fn(&Path)) {
        let fresh = home.join("fresh");
        let _ = fs::remove_dir_all(&fresh);
        fs::create_dir_all(&fresh).expect("a folder to scaffold in");
        succeed(Command::new(cli()).args(["new", &self.name]).current_dir(&fresh));
        edit(&fresh.join(&self.name));
        // An unchanged app keeps its files, so that cargo finds nothing to rebuild.
        if !same_files(&fresh.join(&self.name), &self.folder) {
            let _ = fs::remove_dir_all(&self.folder);
            fs::rename(fresh.join(&self.name), &self.folder).expect("the app in its place");
        }
        succeed(profile.build().current_dir(&self.folder));
        fs::create_dir_all(home.join("bin")).expect("a folder for the binary");
        let _ = fs::remove_file(&self.binary);
        fs::copy(target().join(profile.folder()).join(&self.name), &self.binary).expect("the app's binary");
    }

    /// A copy of the app for one test, to edit as it likes.
    pub fn copy(&self) -> App {
        let folder = Workdir::new();
        copy_tree(&self.folder, &folder.path().join(&self.name));
        App { binary: self.binary.clone(), root: folder.path().join(&self.name), folder }
    }
}

/// A copy of the app and its binary.
#[derive(Debug)]
pub struct App {
    binary: PathBuf,
    root: PathBuf,
    folder: Workdir,
}

impl App {
    /// A fresh copy.
    #[expect(clippy::new_without_default, reason = "it may build the app")]
    pub fn new() -> Self {
        scaffold().copy()
    }

    /// A new app of another name, made and built now.
    ///
    /// # Panics
    /// When `regatta new` refuses the name or the app does not build.
    pub fn made(name: &str) -> Self {
        let folder = Workdir::new();
        let root = folder.path().join(name);
        succeed(Command::new(cli()).args(["new", name]).current_dir(folder.path()));
        succeed(Profile::Debug.build().current_dir(&root));
        Self { binary: target().join(Profile::Debug.folder()).join(name), root, folder }
    }

    /// Gives this copy a program file of its own, which may be replaced; its path.
    ///
    /// # Panics
    /// When it can't be copied.
    pub fn own_binary(&mut self) -> PathBuf {
        let own = self.folder.path().join("program");
        fs::copy(&self.binary, &own).expect("a copy of the program");
        self.binary = own.clone();
        own
    }

    /// The app's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the test with this copy in it, for whoever needs it longer than the rest.
    pub fn into_folder(self) -> Workdir {
        self.folder
    }

    /// A file of the app.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Writes a file of the app.
    ///
    /// # Panics
    /// When it can't be written.
    #[track_caller]
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.root.join(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// Replaces the first occurrence of a text in a file.
    ///
    /// # Panics
    /// When the file does not contain it.
    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}:\n{text}");
        self.write(file, &text.replacen(from, to, 1));
    }

    /// The app's binary with these arguments, in the app's folder and with none of the caller's settings.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.root).env("NO_COLOR", "1");
        for (name, _) in std::env::vars_os() {
            if is_setting(&name) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command such as `routes` or `doctor` to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the app's binary runs")
    }

    /// Starts `lift` with these arguments and settings, without waiting for it to listen.
    pub fn lift(&self, arguments: &[String], settings: &[(&str, &str)]) -> Process {
        let mut all = vec!["lift".to_owned()];
        all.extend_from_slice(arguments);
        let mut command = self.command(&all);
        command.envs(settings.iter().copied());
        Process::start("app", &mut command, self.folder.path())
    }

    /// Lifts one instance on a port and waits until it is ready; returns it with its address.
    pub fn lift_one(&self, port: u16, settings: &[(&str, &str)]) -> (Process, String) {
        let process = self.lift(&["--port".to_owned(), port.to_string()], settings);
        process.wait_for_line("listening", START);
        let base = format!("http://127.0.0.1:{port}");
        http::wait_ready(&base, START);
        (process, base)
    }
}

/// The `regatta` command, built when it is not.
pub fn cli() -> PathBuf {
    static CLI: OnceLock<PathBuf> = OnceLock::new();
    CLI.get_or_init(|| {
        succeed(cargo("build").args(["--locked", "--package", "regatta-cli"]).current_dir(repository()));
        target().join("debug/regatta")
    })
    .clone()
}

/// A cargo command that builds into the same target folder as this test and is free of what nextest or cargo told it.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || is_setting(&name) {
            command.env_remove(&name);
        }
    }
    command.arg(subcommand).env("CARGO_TARGET_DIR", target());
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it fails; the message shows what it printed.
#[track_caller]
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("can't run {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({})\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Whether an environment variable would configure an app.
fn is_setting(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("REGATTA_")
        || matches!(
            &*name,
            "PORT" | "DATABASE_URL" | "REDIS_URL" | "SESSION_SECRET" | "PUBLIC_URL" | "RUST_LOG"
        )
}

fn same_files(one: &Path, other: &Path) -> bool {
    if !other.is_dir() {
        return false;
    }
    let names = files_below(one);
    names == files_below(other)
        && names.iter().all(|name| fs::read(one.join(name)).ok() == fs::read(other.join(name)).ok())
}
