//! `deploy`: writes the files of what runs the app in production, or shows them.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::config::{Config, Environment, Span};
use crate::deploy::{File, Site, Target, USUAL, Wanted};
use crate::fleet::Ports;
use crate::{Error, Result};

/// `deploy`
#[derive(Debug, clap::Args)]
pub(crate) struct Deploy {
    /// What to make files for [default: those of a new app, nginx and haproxy]
    target: Vec<Target>,
    /// How many instances [default: 3]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    instances: Option<u16>,
    /// One instance on each of these ports of every host, such as 3001-3004 [default: from 3001 on]
    #[arg(long)]
    ports: Option<Ports>,
    /// The hosts of the instances, with commas between them [default: the proxy's own]
    #[arg(long, value_delimiter = ',')]
    hosts: Vec<String>,
    /// The name people type; the proxies then speak TLS [default: from `PUBLIC_URL`]
    #[arg(long)]
    domain: Option<String>,
    /// Let nginx and Varnish keep for this long what they answer to people without a cookie, such as 1s
    #[arg(long, value_parser = span, value_name = "TIME")]
    micro_cache: Option<Span>,
    /// Write into this file, or this folder, instead of printing
    #[arg(long, value_name = "FILE|FOLDER")]
    out: Option<PathBuf>,
    /// Overwrite files that differ
    #[arg(long, requires = "out")]
    force: bool,
    /// development, test or production: whose configuration is read [default: `REGATTA_ENV`, else development]
    #[arg(long)]
    pub(super) env: Option<Environment>,
}

fn span(text: &str) -> Result<Span, String> {
    humantime::parse_duration(text)
        .ok()
        .and_then(|time| u64::try_from(time.as_millis()).ok())
        .filter(|millis| (1..=3_600_000).contains(millis))
        .map(Span::millis)
        .ok_or_else(|| format!("`{text}` is no length of time up to an hour: write it like 1s"))
}

pub(super) fn run(app: &str, config: &Config, deploy: Deploy) -> Result<()> {
    let wanted = Wanted {
        instances: deploy.instances,
        ports: deploy.ports.map(|ports| ports.iter().collect()).unwrap_or_default(),
        hosts: deploy.hosts,
        domain: deploy.domain,
        keep: deploy.micro_cache,
    };
    let site = Site::new(app, config, &wanted)?;
    let targets = if deploy.target.is_empty() { &USUAL[..] } else { &deploy.target };
    let mut files = Vec::new();
    for target in targets {
        files.extend(target.files(&site)?);
    }
    for note in site.notes() {
        tell(&format!("note: {note}"));
    }
    match deploy.out {
        Some(out) => write(&files, &out, deploy.force),
        None => show(&files),
    }
}

/// One file as it is, so that it can be piped; several with a line before each.
fn show(files: &[File]) -> Result<()> {
    let text = match files {
        [file] => file.text.clone(),
        files => files
            .iter()
            .fold(String::new(), |text, File { name, text: own }| format!("{text}### {name}\n{own}\n")),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has seen enough (`| head`).
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes all files or none: what would be lost is named before anything is written.
fn write(files: &[File], out: &Path, force: bool) -> Result<()> {
    let paths = paths(files, out)?;
    let differs = |path: &Path, file: &File| fs::read_to_string(path).is_ok_and(|text| text != file.text);
    let occupied: Vec<_> = paths
        .iter()
        .zip(files)
        .filter(|(path, file)| !force && (path.is_dir() || differs(path, file)))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !occupied.is_empty() {
        return Err(Error::conflict(format!(
            "{} is there already and differs: look at it without --out, then overwrite it with --force",
            occupied.join(", ")
        )));
    }
    for (path, file) in paths.iter().zip(files) {
        let failed = |error| Error::internal(format!("can't write {}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(path, &file.text).map_err(failed)?;
        tell(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Where each file goes: one file may be given its own name, several need a folder.
fn paths(files: &[File], out: &Path) -> Result<Vec<PathBuf>> {
    let is_folder = out.is_dir() || out.as_os_str().to_string_lossy().ends_with('/');
    if is_folder || (files.len() > 1 && !out.exists()) {
        return Ok(files.iter().map(|file| out.join(&file.name)).collect());
    }
    if files.len() > 1 {
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        return Err(Error::bad_request(format!(
            "{} is one file, and these are {}: name a folder with --out",
            out.display(),
            names.join(", ")
        )));
    }
    Ok(vec![out.to_owned()])
}

#[expect(clippy::print_stderr, reason = "standard output is the files' own")]
fn tell(text: &str) {
    eprintln!("{text}");
}
