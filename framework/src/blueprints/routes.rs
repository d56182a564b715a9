//! The addresses of blueprints.

use std::future::Future;
use std::rc::Rc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::{Blueprint, Call, Settings, find, members, write};
use crate::Result;
use crate::error::Error;
use crate::routes::{Action, BlueprintEntry, BlueprintRoute, ControllerEntry, Doc, Entry, Operation};
use crate::security::Rules;

/// The routes of a model, those first that would else be taken for a record's.
pub(crate) fn routes(wanted: &BlueprintEntry, settings: &Settings) -> Vec<Entry> {
    let mut table = Table::new(wanted, settings);
    if settings.shortcuts {
        table.shortcuts();
    }
    if settings.config.rest {
        table.rest();
    }
    table.entries
}

/// The routes of controllers' actions, where the configuration has them.
pub(crate) fn actions(wanted: Vec<ControllerEntry>, settings: &Settings) -> Vec<Entry> {
    if !settings.config.actions {
        return Vec::new();
    }
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let mut entries = Vec::new();
    for controller in wanted {
        let base = format!("{}/{}", settings.config.prefix.trim_end_matches('/'), controller.name);
        for action in controller.actions {
            let own = format!("{base}/{}", action.name);
            let paths = if action.name == "index" { vec![own, base.clone()] } else { vec![own] };
            for (path, method) in paths.iter().flat_map(|path| methods.iter().map(move |m| (path, m))) {
                entries.push(Entry {
                    method: method.clone(),
                    path: path.clone(),
                    name: action.handler.clone(),
                    action: action.action.clone(),
                    guards: controller.guards.clone(),
                    blueprint: None,
                    doc: Doc::default(),
                    cache: None,
                    rules: controller.rules.clone(),
                });
            }
        }
    }
    entries
}

struct Table<'a> {
    wanted: &'a BlueprintEntry,
    blueprint: Rc<Blueprint>,
    /// `/prefix/model`
    shortcut: String,
    rest: String,
    entries: Vec<Entry>,
}

impl<'a> Table<'a> {
    fn new(wanted: &'a BlueprintEntry, settings: &Settings) -> Self {
        let config = &settings.config;
        let identity = wanted.schema.identity();
        let name = if config.pluralize { plural(identity) } else { identity.to_owned() };
        let prefix = config.prefix.trim_end_matches('/');
        let rest = config.rest_prefix.trim_end_matches('/');
        Self {
            wanted,
            blueprint: Rc::new(Blueprint {
                schema: wanted.schema.clone(),
                config: config.clone(),
                hooks: wanted.hooks.clone(),
            }),
            shortcut: format!("{prefix}/{name}"),
            rest: format!("{prefix}{rest}/{name}"),
            entries: Vec::new(),
        }
    }

    fn rest(&mut self) {
        let list = self.rest.clone();
        let one = format!("{list}/{{id}}");
        self.add(Method::GET, &list, Operation::Find, None, find::find);
        self.add(Method::POST, &list, Operation::Create, None, write::create);
        self.add(Method::PATCH, &list, Operation::Update, None, write::update);
        self.add(Method::DELETE, &list, Operation::Destroy, None, write::destroy);
        self.add(Method::GET, &one, Operation::FindOne, None, find::find_one);
        self.add(Method::PATCH, &one, Operation::Update, None, write::update);
        self.add(Method::PUT, &one, Operation::Update, None, write::update);
        self.add(Method::DELETE, &one, Operation::Destroy, None, write::destroy);
        for (place, name, is_collection) in self.associations() {
            let all = format!("{one}/{name}");
            let member = format!("{all}/{{member}}");
            self.add(Method::GET, &all, Operation::Populate, Some(place), members::populate);
            if is_collection {
                self.add(Method::PUT, &all, Operation::Replace, Some(place), members::replace);
                self.add(Method::PUT, &member, Operation::Add, Some(place), members::add);
                self.add(Method::DELETE, &member, Operation::Remove, Some(place), members::remove);
            }
        }
    }

    /// Routes for a browser's address line, all of them `GET`.
    fn shortcuts(&mut self) {
        let base = self.shortcut.clone();
        self.short(format!("{base}/find"), Operation::Find, None, find::find);
        self.short(format!("{base}/find/{{id}}"), Operation::FindOne, None, find::find_one);
        self.short(format!("{base}/create"), Operation::Create, None, write::create);
        self.short(format!("{base}/update/{{id}}"), Operation::Update, None, write::update);
        self.short(format!("{base}/destroy/{{id}}"), Operation::Destroy, None, write::destroy);
        for (place, name, _) in self.associations().into_iter().filter(|(_, _, is_collection)| *is_collection)
        {
            let all = format!("{base}/{{id}}/{name}");
            self.short(format!("{all}/add/{{member}}"), Operation::Add, Some(place), members::add);
            self.short(format!("{all}/remove/{{member}}"), Operation::Remove, Some(place), members::remove);
            self.short(format!("{all}/replace"), Operation::Replace, Some(place), members::replace);
        }
    }

    fn associations(&self) -> Vec<(usize, String, bool)> {
        let all = self.wanted.schema.populatable();
        all.map(|(place, attribute)| (place, attribute.name().to_owned(), attribute.is_collection()))
            .collect()
    }

    fn short<Fut>(
        &mut self,
        path: String,
        operation: Operation,
        association: Option<usize>,
        run: impl Fn(Call) -> Fut + Copy + 'static,
    ) where
        Fut: Future<Output = Result<HttpResponse>> + 'static,
    {
        self.add(Method::GET, &path, operation, association, run);
    }

    fn add<Fut>(
        &mut self,
        method: Method,
        path: &str,
        operation: Operation,
        association: Option<usize>,
        run: impl Fn(Call) -> Fut + Copy + 'static,
    ) where
        Fut: Future<Output = Result<HttpResponse>> + 'static,
    {
        if !self.wanted.operations.contains(&operation) {
            return;
        }
        let schema = &self.wanted.schema;
        let route = BlueprintRoute { schema: schema.clone(), operation, association };
        let (blueprint, called) = (self.blueprint.clone(), route.clone());
        let changes_by_get = operation.writes() && method == Method::GET;
        let action = Action::from_fn(move |req, payload| {
            let (blueprint, route) = (blueprint.clone(), called.clone());
            async move {
                let asked = req.clone();
                let answered = async { run(Call::read(blueprint, route, req, payload).await?).await };
                answered.await.map_err(|error| name_request(error, &asked))
            }
        });
        self.entries.push(Entry {
            method,
            path: path.to_owned(),
            name: format!("blueprint {}/{}", schema.identity(), operation.name()),
            action,
            guards: self.wanted.guards_of(operation),
            blueprint: Some(route),
            doc: Doc::default(),
            cache: None,
            rules: Rules { changes: changes_by_get, ..self.wanted.rules.clone() },
        });
    }
}

/// Sails' message for values or criteria it can't use names the request.
fn name_request(error: Error, asked: &HttpRequest) -> Error {
    if !matches!(error.code(), "E_INVALID_NEW_RECORD" | "E_INVALID_VALUES_TO_SET" | "E_INVALID_CRITERIA") {
        return error;
    }
    let message = format!(
        "The server could not fulfill this request (`{} {}`) due to a problem with the parameters that were sent.  \
         See the `details` for more info.",
        asked.method(),
        asked.path()
    );
    let named = Error::new(error.status(), error.code().to_owned(), message);
    error.extra().iter().fold(named, |named, (key, value)| named.with(key, value.clone()))
}

/// The plural of an English word, by its ending.
pub(super) fn plural(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}
