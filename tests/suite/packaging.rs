//! `regatta build`: the archive, and the app of it in a folder that has nothing else.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use regatta_tests::full_size;
use regatta_tests::http::{self, Http};
use regatta_tests::ports;
use regatta_tests::process::{self, Process, Signal};
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::{App, NAME, cli, succeed};
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, START};
use regatta_tests::workdir::{Workdir, target};
use serde_json::json;

use crate::chat::named;

const SECRET: &str = "9f3c1b7ad2e85604fb6a08d7c35e91427d0b6ea4583c29f1";

/// `regatta build` in the app's folder; unoptimised, so that nothing is compiled again.
fn build(app: &App, out: &Path) -> Command {
    let mut regatta = build_for_servers(app, out);
    regatta.arg("--debug");
    regatta
}

/// `regatta build` as users call it.
fn build_for_servers(app: &App, out: &Path) -> Command {
    let mut regatta = Command::new(cli());
    regatta.args(["build", "--out"]).arg(out).current_dir(app.root());
    regatta.env("CARGO_TARGET_DIR", target()).env("REGATTA_ENV", "development");
    regatta
}

fn archive(out: &Path) -> PathBuf {
    let name = format!("{NAME}-0.1.0-{}-linux.tar.gz", std::env::consts::ARCH);
    let archive = out.join(name);
    assert!(archive.is_file(), "{:?}", fs::read_dir(out).map(Iterator::collect::<Vec<_>>));
    archive
}

/// An empty root folder with the archive unpacked in `/opt`, and the libraries that `ldd` names.
fn bare_root(archive: &Path) -> Workdir {
    let root = Workdir::new();
    let opt = root.path().join("opt");
    fs::create_dir_all(&opt).expect("a folder");
    succeed(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&opt));
    std::os::unix::fs::symlink(format!("{NAME}-0.1.0"), opt.join(NAME)).expect("a link");
    let binary = opt.join(NAME).join(NAME);
    let output = succeed(Command::new("ldd").arg(&binary));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let libraries: Vec<_> = text.split_whitespace().filter(|word| word.starts_with('/')).collect();
    println!(
        "figures: {} bytes of binary, libraries {libraries:?}",
        fs::metadata(&binary).map_or(0, |meta| meta.len())
    );
    for library in libraries {
        let copy = root.path().join(library.trim_start_matches('/'));
        fs::create_dir_all(copy.parent().expect("a folder")).expect("made");
        fs::copy(library, copy).expect("a library");
    }
    fs::create_dir_all(root.path().join(format!("var/lib/{NAME}"))).expect("made");
    fs::create_dir_all(root.path().join("tmp")).expect("made");
    root
}

/// The app's binary inside the root folder, with the variables of production and none of the caller's.
fn inside<A: AsRef<OsStr>>(root: &Path, arguments: &[A], redis: &Redis) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("chroot")
    } else {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "chroot"]);
        unshare
    };
    command.arg(root).arg(format!("/opt/{NAME}/{NAME}")).args(arguments);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs([
        ("REGATTA_ENV", "production"),
        ("REGATTA_ROOT", &format!("/opt/{NAME}")),
        ("DATABASE_URL", &format!("sqlite:///var/lib/{NAME}/{NAME}.db")),
        ("REDIS_URL", &redis.url()),
        ("SESSION_SECRET", SECRET),
        ("PUBLIC_URL", "http://127.0.0.1"),
        ("REGATTA__SESSION__COOKIE_SECURE", "false"),
        ("REGATTA__SESSION__COOKIE_NAME", "chat"),
        ("REGATTA__SOCKETS__ALLOWED_ORIGINS", "*"),
        ("REGATTA__UPLOADS__FOLDER", &format!("/var/lib/{NAME}/uploads")),
    ]);
    command
}

#[test]
fn the_archive_lifts_in_an_empty_root_folder() {
    lifts_in_an_empty_root_folder(build);
}

/// As it is for servers: compiled anew, which takes minutes.
#[test]
fn the_optimised_archive_lifts_in_an_empty_root_folder() {
    if !full_size() {
        println!("only at full size (REGATTA_FULL=1): not checked");
        return;
    }
    let started = Instant::now();
    lifts_in_an_empty_root_folder(build_for_servers);
    println!("figures: built, unpacked, lifted in {} s", started.elapsed().as_secs());
}

fn lifts_in_an_empty_root_folder(build: impl Fn(&App, &Path) -> Command) {
    let (app, out, redis) = (App::new(), Workdir::new(), Redis::new());
    app.write("config/local.toml", "[session]\nsecret = [\"of this machine\"]\n");
    app.write("views/.secret.html", "hidden");
    app.write("config/tls.key", "a key");

    let listed = succeed(&mut build(&app, out.path()));

    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    println!("figures: {}", listed.lines().last().unwrap_or_default());
    let tar = succeed(Command::new("tar").arg("-tzf").arg(archive(out.path())));
    let tar = String::from_utf8_lossy(&tar.stdout).into_owned();
    let top = format!("{NAME}-0.1.0");
    for file in [
        NAME,
        "config/http.toml",
        "views/pages/home.html",
        "assets/chat.js",
        "deploy/nginx.conf",
        "deploy/haproxy.cfg",
        &format!("deploy/{NAME}@.service"),
        &format!("deploy/{NAME}@.socket"),
        &format!("deploy/{NAME}.upstart.conf"),
    ] {
        let path = format!("{top}/{file}");
        assert!(tar.lines().any(|line| line == path), "{path} not in {tar}");
        assert!(listed.contains(&path), "{path} not in {listed}");
    }
    for file in ["local.toml", ".secret", "tls.key", "Cargo", "src/", ".tmp"] {
        assert!(!tar.contains(file), "{file} in {tar}");
    }

    let root = bare_root(&archive(out.path()));
    succeed(&mut inside(root.path(), &["migrate"], &redis));
    let port = ports::free();
    let mut lift = inside(root.path(), &["lift", "--port", &port.to_string()], &redis);
    let process = Process::start("app", &mut lift, out.path());
    let base = format!("http://127.0.0.1:{port}");
    http::wait_ready(&base, START);

    let ann = named(&base, "Ann");
    assert_eq!(ann.get("/visits").json()["visits"], 1);
    assert_eq!(ann.post_json("/message", &json!({"body": "from a bare root"})).status, 200);
    let page = Http::new(&base).page("/").body;
    assert!(page.contains("from a bare root") && page.contains("/assets/chat."), "{page}");
    let mut socket = Socket::connect(&base, &[("cookie", &ann.cookie())]);
    assert_eq!(socket.get("/message").body[0]["body"], "from a bare root");
    drop(socket);
    process.signal(Signal::TERM);
    assert!(process.wait_for_exit(START).success());
}

#[test]
fn a_secret_in_the_configuration_is_not_packed() {
    let (app, out) = (App::new(), Workdir::new());
    let session = app.read("config/session.toml");
    app.write("config/session.toml", &format!("secret = [\"{SECRET}\"]\n{session}"));

    let output = build(&app, out.path()).output().expect("the CLI");

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("config/session.toml") && said.contains("`secret`"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(fs::read_dir(out.path()).map(Iterator::count).ok(), Some(0));
}

fn listen_as_systemd(notify: &Path) -> UnixDatagram {
    let systemd = UnixDatagram::bind(notify).expect("a socket");
    systemd.set_read_timeout(Some(START)).expect("a deadline");
    systemd
}

/// What an instance tells systemd next.
fn word(systemd: &UnixDatagram) -> String {
    let mut text = [0; 64];
    let length = systemd.recv(&mut text).expect("a word of the instance");
    String::from_utf8_lossy(&text[..length]).into_owned()
}

#[test]
fn an_instance_on_a_socket_of_systemd_tells_that_it_lives() {
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        println!("no systemd-socket-activate here: not checked");
        return;
    }
    let (app, folder, port) = (App::new(), Workdir::new(), ports::free());
    // The path of a socket is short.
    let short = tempfile::tempdir().expect("a folder");
    let notify = short.path().join("notify");
    let systemd = listen_as_systemd(&notify);
    let heard = || word(&systemd);
    let binary = app.command::<&str>(&[]).get_program().to_owned();
    let start = || {
        let mut command = Command::new("systemd-socket-activate");
        command.arg("-l").arg(format!("127.0.0.1:{port}"));
        command
            .arg("-E")
            .arg(format!("NOTIFY_SOCKET={}", notify.display()))
            .args(["-E", "WATCHDOG_USEC=400000"]);
        command.arg(&binary).args(["lift", "--port", &port.to_string()]).current_dir(app.root());
        Process::start("app", &mut command, folder.path())
    };
    let process = start();

    // The first who connects starts it, and is answered.
    http::wait_ready(&format!("http://127.0.0.1:{port}"), START);
    assert_eq!(heard(), "READY=1");
    assert_eq!(heard(), "WATCHDOG=1");
    assert_eq!(heard(), "WATCHDOG=1");
    process::send(process.pid(), Signal::STOP);
    systemd.set_read_timeout(Some(Duration::from_secs(1))).expect("a deadline");
    let silent = wait::poll(START, || systemd.recv(&mut [0; 64]).is_err().then_some(()));
    process::send(process.pid(), Signal::CONT);
    assert!(silent.is_some(), "a stopped instance was told alive");
}

#[test]
fn an_instance_on_a_unix_socket_tells_systemd_that_it_serves_and_lives() {
    let (app, folder) = (App::new(), tempfile::tempdir().expect("a folder with a short path"));
    let (notify, http) = (folder.path().join("notify"), folder.path().join("http"));
    let systemd = listen_as_systemd(&notify);
    let heard = || word(&systemd);
    app.edit("config/http.toml", "port = 1337\n", &format!("port = 1337\nsocket = \"{}\"\n", http.display()));
    let mut command = app.command(&["lift"]);
    command.env("NOTIFY_SOCKET", &notify).env("WATCHDOG_USEC", "400000");
    let process = Process::start("app", &mut command, folder.path());

    assert_eq!([heard(), heard(), heard()], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    assert!(process.log().contains(&format!("listening on {}", http.display())), "{}", process.log());
}
