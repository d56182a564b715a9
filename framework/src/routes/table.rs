//! The route table.
//!
//! actix-web would try the pattern of every route in turn, and only then look at the method. A table with the blueprints
//! of a few models has a hundred routes: here only those are tried that begin like the path.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::dev::{ResourceDef, ResourceMap, ServiceRequest};
use actix_web::http::{Method, header};

use super::service::{Find, Found};
use super::{Action, Entry, Target};
use crate::Error;
use crate::metrics::{Route, answered_by};
use crate::security::{Gate, Rules};

/// Each path with the methods that have a route there, for `OPTIONS`.
fn allowed(entries: &[Entry]) -> Vec<(String, String)> {
    let mut paths: Vec<(&str, BTreeSet<&str>)> = Vec::new();
    let mut places = HashMap::new();
    for entry in entries {
        let place = *places.entry(entry.path.as_str()).or_insert_with(|| {
            paths.push((&entry.path, BTreeSet::new()));
            paths.len() - 1
        });
        let Some((_, methods)) = paths.get_mut(place) else { continue };
        methods.insert(entry.method.as_str());
        if entry.method == Method::GET {
            methods.insert(Method::HEAD.as_str());
        }
    }
    let joined = |methods: BTreeSet<&str>| methods.into_iter().collect::<Vec<_>>().join(", ");
    paths.into_iter().map(|(path, methods)| (path.to_owned(), joined(methods))).collect()
}

fn definition(path: &str) -> ResourceDef {
    if path.starts_with('/') { ResourceDef::new(path) } else { ResourceDef::new(format!("/{path}")) }
}

/// A route.
struct Line {
    method: Method,
    path: ResourceDef,
    target: Target,
}

impl Line {
    fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

/// The routes of an app; the first that fits a request wins, and what fits none is not found.
pub(super) struct Table {
    lines: Vec<Line>,
    /// The places of the lines that fit a path with this first segment, those that fit any first segment included.
    by_start: BTreeMap<String, Vec<usize>>,
    /// The places of the lines that fit a path with any other first segment.
    others: Vec<usize>,
    /// What answers browsers that ask beforehand, in the figures.
    preflight: Rc<Route>,
}

impl Table {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let mut table = Self {
            lines: Vec::new(),
            by_start: BTreeMap::new(),
            others: Vec::new(),
            preflight: Route::new("OPTIONS preflight"),
        };
        let allowed = allowed(&entries);
        for Entry { method, path, action, guards, rules, .. } in entries {
            let target = Target::new(format!("{method} {path}"), action.guarded(guards), rules);
            table.add(Line { method, path: definition(&path), target });
        }
        for (path, methods) in allowed {
            let action = Action::from_handler(move || {
                let answer =
                    HttpResponse::Ok().insert_header((header::ALLOW, &*methods)).body(methods.clone());
                async { answer }
            });
            let target = Target::new(format!("OPTIONS {path}"), action, Rules::default());
            table.add(Line { method: Method::OPTIONS, path: definition(&path), target });
        }
        table
    }

    fn add(&mut self, line: Line) {
        let place = self.lines.len();
        let start = first_segment(line.path.pattern().unwrap_or_default());
        if start.contains('{') {
            self.by_start.values_mut().for_each(|places| places.push(place));
            self.others.push(place);
        } else {
            let places = self.by_start.entry(start.to_owned()).or_insert_with(|| self.others.clone());
            places.push(place);
        }
        self.lines.push(line);
    }

    /// What a request tells as its `match_pattern`.
    pub(super) fn map(&self) -> ResourceMap {
        let mut map = ResourceMap::new(ResourceDef::root_prefix(""));
        for line in &self.lines {
            map.add(&mut line.path.clone(), None);
        }
        map
    }

    fn route(&self, req: &mut ServiceRequest, method: &Method) -> Option<&Target> {
        let start = first_segment(req.match_info().unprocessed());
        let places = self.by_start.get(start).unwrap_or(&self.others);
        let fits = |line: &&Line| line.takes(method) && line.path.capture_match_info(req.match_info_mut());
        places.iter().filter_map(|place| self.lines.get(*place)).find(fits).map(|line| &line.target)
    }

    /// The answer to a browser that asks beforehand what another site's page may send.
    fn preflight(&self, req: &mut ServiceRequest) -> Option<HttpResponse> {
        let method = Gate::asked_about(req.request())?;
        let path = req.match_info().clone();
        let rules = self.route(req, &method).map(|target| target.rules().clone());
        // The request is still to find the route of its own method.
        *req.match_info_mut() = path;
        req.app_data::<Gate>()?.preflight(&*rules?, req.request(), &method)
    }
}

impl Find for Table {
    fn find<'t>(&'t self, req: &mut ServiceRequest) -> Found<'t> {
        if let Some(response) = self.preflight(req) {
            answered_by(&self.preflight);
            return Found::Answer(response);
        }
        let method = req.method().clone();
        match self.route(req, &method) {
            Some(target) => Found::Target(target),
            None => Found::Answer(HttpResponse::from_error(Error::not_found())),
        }
    }
}

/// What stands between the first slash of a path and the next one.
fn first_segment(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default()
}
