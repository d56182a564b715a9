//! The files that `deploy` makes, as the programs they are for read them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use regatta_tests::scaffold::{App, NAME, succeed};
use regatta_tests::workdir::{Workdir, repository};
use serde_json::{Value, json};

/// What the command prints for these arguments.
pub(crate) fn made(app: &App, arguments: &[&str]) -> String {
    let all: Vec<_> = ["deploy"].iter().chain(arguments).collect();
    let output = succeed(&mut app.command(&all));
    String::from_utf8(output.stdout).expect("text")
}

fn failed(app: &App, arguments: &[&str]) -> String {
    let all: Vec<_> = ["deploy"].iter().chain(arguments).collect();
    let Output { status, stderr, .. } = app.command(&all).output().expect("the app's binary");
    assert!(!status.success(), "{arguments:?}");
    String::from_utf8_lossy(&stderr).into_owned()
}

fn nginx_accepts(folder: &Path, configuration: &str) {
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration).expect("nginx.conf");
    succeed(Command::new("nginx").arg("-t").arg("-p").arg(folder).arg("-c").arg(&file));
}

fn haproxy_accepts(folder: &Path, configuration: &str) {
    let file = folder.join("haproxy.cfg");
    fs::write(&file, configuration).expect("haproxy.cfg");
    let output = succeed(Command::new("haproxy").arg("-c").arg("-f").arg(&file));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("WARNING"), "{said}");
}

/// A certificate for `chat.example` and its key.
fn certificate(folder: &Path) {
    succeed(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "2", "-subj", "/CN=chat.example"])
            .args(["-keyout", "privkey.pem", "-out", "fullchain.pem"])
            .current_dir(folder),
    );
    let both = fs::read_to_string(folder.join("fullchain.pem")).expect("a certificate")
        + &fs::read_to_string(folder.join("privkey.pem")).expect("a key");
    fs::write(folder.join("chat.example.pem"), both).expect("both in one file");
}

/// The documents of a YAML file.
fn yaml(text: &str) -> Vec<Value> {
    let python = repository().join("tests/clients/.venv/bin/python");
    let mut command = Command::new(python);
    command
        .args(["-c", "import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)"]);
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("tests/run made it");
    std::io::Write::write_all(&mut process.stdin.take().expect("a pipe"), text.as_bytes()).expect("written");
    let output = process.wait_with_output().expect("its answer");
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_new_app_has_what_the_command_makes() {
    let app = App::new();

    assert_eq!(made(&app, &["nginx"]), app.read("deploy/nginx.conf"));
    assert_eq!(made(&app, &["haproxy"]), app.read("deploy/haproxy.cfg"));
}

#[test]
fn nginx_reads_its_file_in_every_form() {
    let (app, folder) = (App::new(), Workdir::new());
    certificate(folder.path());
    let certificates = |text: String| {
        text.replace("/etc/letsencrypt/live/chat.example", &folder.path().display().to_string())
    };

    nginx_accepts(folder.path(), &made(&app, &["nginx"]));
    nginx_accepts(folder.path(), &made(&app, &["nginx", "--micro-cache", "1s", "--hosts", "10.0.0.5,::1"]));
    nginx_accepts(folder.path(), &certificates(made(&app, &["nginx", "--domain", "chat.example"])));
    app.edit("config/http.toml", "port = 1337", "port = 1337\ncompression = \"off\"\nkeep_alive = \"0s\"");
    nginx_accepts(folder.path(), &made(&app, &["nginx"]));
}

#[test]
fn haproxy_reads_its_file_in_every_form() {
    let (app, folder) = (App::new(), Workdir::new());
    certificate(folder.path());
    let certificates =
        |text: String| text.replace("/etc/haproxy/certs", &folder.path().display().to_string());

    haproxy_accepts(folder.path(), &made(&app, &["haproxy"]));
    haproxy_accepts(folder.path(), &certificates(made(&app, &["haproxy", "--domain", "chat.example"])));
    app.edit("config/http.toml", "port = 1337", "port = 1337\ncompression = \"off\"\nkeep_alive = \"10s\"");
    haproxy_accepts(folder.path(), &made(&app, &["haproxy", "--hosts", "10.0.0.5,::1"]));
}

#[test]
fn systemd_reads_its_units() {
    let (app, root) = (App::new(), Workdir::new());
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("no systemd-analyze here: not checked");
        return;
    }
    let units = root.path().join("etc/systemd/system");
    succeed(&mut app.command(&["deploy", "systemd", "--out", &format!("{}/", units.display())]));
    // The units of the system, and programs where theirs say that they are.
    fs::create_dir_all(root.path().join("lib/systemd")).expect("made");
    succeed(Command::new("cp").args(["-r", "/lib/systemd/system"]).arg(root.path().join("lib/systemd")));
    for program in [format!("opt/{NAME}/{NAME}"), "bin/kill".to_owned()] {
        let path = root.path().join(program);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::copy("/bin/true", path).expect("a program");
    }
    let instance = |kind: &str| format!("{NAME}@3001.{kind}");

    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").arg(format!("--root={}", root.path().display()));
    let output = succeed(verify.args([instance("service"), instance("socket")]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains(NAME), "{said}");

    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--offline=yes", "--threshold=20", "--no-pager"]);
    let output = succeed(security.arg(units.join(format!("{NAME}@.service"))));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("figures: {}", said.lines().last().unwrap_or_default());
}

#[test]
fn varnish_compiles_its_file() {
    let (app, folder) = (App::new(), Workdir::new());
    let file = folder.path().join("varnish.vcl");
    for arguments in [&["varnish"][..], &["varnish", "--micro-cache", "1s", "--hosts", "10.0.0.5,::1"]] {
        fs::write(&file, made(&app, arguments)).expect("varnish.vcl");
        succeed(
            Command::new("varnishd").arg("-C").arg("-n").arg(folder.path().join("work")).arg("-f").arg(&file),
        );
    }
}

#[test]
fn kubernetes_replaces_pods_without_a_pause() {
    let app = App::new();
    let objects = yaml(&made(&app, &["kubernetes", "--domain", "chat.example", "--instances", "4"]));
    let find = |kind: &str| {
        let found = objects.iter().find(|object| object["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {objects:?}"))
    };
    let deployment = &find("Deployment")["spec"];
    let pod = &deployment["template"]["spec"];
    let container = &pod["containers"][0];

    assert_eq!(deployment["strategy"]["rollingUpdate"], json!({"maxUnavailable": 0, "maxSurge": 1}));
    assert_eq!(deployment["selector"]["matchLabels"], deployment["template"]["metadata"]["labels"]);
    assert_eq!(container["args"], json!(["lift", "--port", "1337"]));
    assert_eq!(container["ports"][0], json!({"name": "http", "containerPort": 1337}));
    assert_eq!(container["readinessProbe"]["httpGet"], json!({"path": "/readyz", "port": "http"}));
    for probe in ["livenessProbe", "startupProbe"] {
        assert_eq!(container[probe]["httpGet"], json!({"path": "/livez", "port": "http"}));
    }
    // Five seconds before the stop, five for sockets, `shutdown_timeout`, and five to spare.
    assert_eq!(container["lifecycle"]["preStop"]["exec"]["command"], json!(["sleep", "5"]));
    assert_eq!(pod["terminationGracePeriodSeconds"], 45);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["initContainers"][0]["args"], json!(["migrate"]));
    assert_eq!(find("PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
    let scaler = &find("HorizontalPodAutoscaler")["spec"];
    assert_eq!((&scaler["minReplicas"], &scaler["maxReplicas"]), (&json!(4), &json!(16)));
    assert_eq!(scaler["scaleTargetRef"]["name"], find("Deployment")["metadata"]["name"]);
    assert_eq!(find("Service")["spec"]["ports"][0]["targetPort"], "http");
    let ingress = find("Ingress");
    assert_eq!(ingress["spec"]["rules"][0]["host"], "chat.example");
    assert_eq!(ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"], "16777216");
    assert_eq!(find("ConfigMap")["data"]["PUBLIC_URL"], "https://chat.example");
}

#[test]
fn compose_starts_the_containers_its_nginx_names() {
    let (app, folder) = (App::new(), Workdir::new());
    let out = format!("{}/", folder.path().display());
    succeed(&mut app.command(&["deploy", "compose", "docker", "--instances", "4", "--out", &out]));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file of the target");

    let compose = &yaml(&read("compose.yaml"))[0];
    let nginx = read("compose.nginx.conf");
    for number in 1..=4 {
        let service = &compose["services"][format!("app{number}")];
        assert_eq!(service["build"]["dockerfile"], "deploy/Dockerfile");
        assert_eq!(service["depends_on"]["migrate"]["condition"], "service_completed_successfully");
        assert_eq!(service["stop_grace_period"], "40s");
        assert!(nginx.contains(&format!("server app{number}:1337 ")), "{nginx}");
    }
    assert_eq!(compose["services"].as_object().map(serde_json::Map::len), Some(8), "{compose}");
    assert_eq!(compose["services"]["migrate"]["command"], json!(["migrate"]));
    assert_eq!(compose["services"]["nginx"]["ports"], json!(["8080:8080"]));
    let subnet = &compose["networks"]["default"]["ipam"]["config"][0]["subnet"];
    assert_eq!(&compose["services"]["app1"]["environment"]["REGATTA__SECURITY__TRUSTED_PROXIES"], subnet);
    // The names of other containers mean something only where those run.
    let known = (1..=4).fold(nginx, |text, number| text.replace(&format!("app{number}:"), "127.0.0.1:"));
    nginx_accepts(folder.path(), &known.replace("/dev/stderr", "stderr").replace("/tmp/", ""));

    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains("\nUSER 10001\n") && dockerfile.contains("\nEXPOSE 1337\n"), "{dockerfile}");
    for folder in ["config", "views", "assets"] {
        assert!(dockerfile.contains(&format!("\nCOPY {folder} {folder}\n")), "{dockerfile}");
    }
    let ignored = read("Dockerfile.dockerignore");
    assert!(ignored.lines().any(|line| line == "config/local.toml"), "{ignored}");
}

#[test]
fn upstart_lifts_every_port_and_waits_for_the_end() {
    let job = made(&App::new(), &["upstart", "--ports", "4001-4004"]);

    for line in ["respawn", "kill timeout 40", "    exec ./chat lift --ports 4001-4004", "setuid chat"] {
        assert!(job.lines().any(|one| one == line), "{line} not in {job}");
    }
}

#[test]
fn files_are_overwritten_only_when_told() {
    let (app, folder) = (App::new(), Workdir::new());
    let file = folder.path().join("mine.conf");
    let out = file.display().to_string();
    fs::write(&file, "# mine\n").expect("a file");

    assert!(failed(&app, &["nginx", "--out", &out]).contains("--force"));
    assert_eq!(fs::read_to_string(&file).expect("a file"), "# mine\n");
    made(&app, &["nginx", "--out", &out, "--force"]);
    assert_eq!(fs::read_to_string(&file).expect("a file"), app.read("deploy/nginx.conf"));
    made(&app, &["nginx", "--out", &out]);

    assert!(failed(&app, &["systemd", "--out", &out]).contains("name a folder"));
    assert!(failed(&app, &["nginx", "--domain", "a;b"]).contains("is no host"));
}
