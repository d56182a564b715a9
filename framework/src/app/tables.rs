//! The commands that print: `routes` and `openapi`.

use super::App;
use super::layer::drawn;
use super::output::show;
use crate::Result;
use crate::config::Config;
use crate::openapi::{self, Subject};
use crate::routes::Call;

pub(super) fn routes(app: &App, config: &Config) {
    let routes = drawn(app, config);
    let mut lines: Vec<[String; 3]> = Vec::with_capacity(routes.entries.len());
    for entry in &routes.entries {
        let line = [entry.method.to_string(), entry.path.clone(), entry.name.clone()];
        // The first that fits wins: the others never answer.
        if !lines.iter().any(|other| other[..2] == line[..2]) {
            lines.push(line);
        }
    }
    for namespace in &routes.namespaces {
        for entry in &namespace.calls {
            let Some((kind, event)) = told(&entry.call) else { continue };
            let place = if namespace.name == "/" { event } else { format!("{} {event}", namespace.name) };
            lines.push([kind.to_owned(), place, entry.name.clone()]);
        }
    }
    let first = lines.iter().map(|[method, ..]| method.len()).max().unwrap_or(0);
    let second = lines.iter().map(|[_, path, _]| path.len()).max().unwrap_or(0);
    for [method, path, name] in &lines {
        show(&format!("{method:first$}  {path:second$}  {name}"));
    }
}

/// How a handler of sockets stands in the table of routes.
fn told(call: &Call) -> Option<(&'static str, String)> {
    match call {
        Call::Event(event) => Some(("EVENT", event.to_string())),
        Call::AnyEvent => Some(("EVENT", "*".to_owned())),
        Call::ServerEvent(event) => Some(("SERVER EVENT", event.to_string())),
        Call::Connect | Call::Disconnect => None,
    }
}

pub(super) fn openapi(app: &App, config: &Config) -> Result<()> {
    let routes = drawn(app, config);
    let subject = Subject { name: app.name, config, models: &app.models, routes: &routes };
    show(&serde_json::to_string_pretty(&openapi::document(&subject))?);
    Ok(())
}
