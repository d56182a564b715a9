//! The app's own `deploy/nginx.conf`, with other ports.

use crate::{Error, Result};

/// `conf` listening on `front` and balancing over `instances`; nothing but port numbers changes.
///
/// The file must have as many `server 127.0.0.1:PORT` lines as there are instances.
pub fn with_ports(conf: &str, front: u16, instances: &[u16]) -> Result<String> {
    let mut waiting = instances.iter();
    let mut listens = 0;
    let mut edited = String::with_capacity(conf.len());
    for line in conf.split_inclusive('\n') {
        let directive = line.trim_start();
        if directive.starts_with("listen ") {
            listens += 1;
            edited.push_str(&with_port(line, front));
        } else if directive.starts_with("server 127.0.0.1:") {
            let port = waiting.next().ok_or_else(|| broken("it has more upstream servers than instances"))?;
            edited.push_str(&with_port(line, *port));
        } else {
            edited.push_str(line);
        }
    }
    if listens == 0 {
        return Err(broken("it has no listen directive"));
    }
    if waiting.next().is_some() {
        return Err(broken("it has fewer upstream servers than instances"));
    }
    Ok(edited)
}

/// The line with the port of its address replaced: what follows the last colon of its first argument, or all of it.
fn with_port(line: &str, port: u16) -> String {
    let Some(end) = line.find(';') else { return line.to_owned() };
    let start = line.len() - line.trim_start().len();
    let directive = &line[start..end];
    let argument = start + directive.find(' ').map_or(0, |space| space + 1);
    let argument_end = line[argument..end].find(' ').map_or(end, |space| argument + space);
    let number = line[argument..argument_end].rfind(':').map_or(argument, |colon| argument + colon + 1);
    format!("{}{port}{}", &line[..number], &line[argument_end..])
}

fn broken(reason: &str) -> Error {
    Error::Template { file: "deploy/nginx.conf".to_owned(), reason: reason.to_owned() }
}
