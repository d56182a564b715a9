//! Embeds the app template, the workspace's manifest and its lock file into the `regatta` binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What running or building the template in place leaves behind.
const LEFTOVERS: [&str; 3] = ["target", "node_modules", "Cargo.lock"];
/// The hidden files that belong to an app; every other one is somebody's editor or database.
const HIDDEN: [&str; 3] = [".dockerignore", ".editorconfig", ".gitignore"];

fn main() -> io::Result<()> {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace =
        manifest_dir.parent().ok_or_else(|| io::Error::other("the CLI has no workspace around it"))?;
    let template = workspace.join("app-template");

    let mut files = Vec::new();
    walk(&template, &mut files)?;
    files.sort();

    let mut code =
        String::from("/// Every file of the app template.\npub static FILES: &[TemplateFile] = &[\n");
    for file in &files {
        let path = file.strip_prefix(&template).map_err(io::Error::other)?;
        writeln!(code, "    TemplateFile {{ path: {path:?}, contents: include_bytes!({file:?}) }},")
            .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    for (name, file) in [("WORKSPACE_MANIFEST", "Cargo.toml"), ("WORKSPACE_LOCK", "Cargo.lock")] {
        let file = workspace.join(file);
        writeln!(code, "/// The workspace's own file.\npub static {name}: &str = include_str!({file:?});")
            .map_err(io::Error::other)?;
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!("cargo::rerun-if-changed={}", template.display());
    fs::write(Path::new(&variable("OUT_DIR")?).join("embedded.rs"), code)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if LEFTOVERS.contains(&&*name) || (name.starts_with('.') && !HIDDEN.contains(&&*name)) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
