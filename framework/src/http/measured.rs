//! The requests of one worker, counted by the app's routes and by what answers beside them.

use std::rc::Rc;

use actix_web::Error;
use actix_web::dev::ServiceResponse;

use crate::metrics::{Measuring, Meter, Names, Requests, Route};

/// What the figures of HTTP requests are called.
pub(crate) static HTTP: Names = Names {
    requests: "regatta_http_requests_total",
    seconds: "regatta_http_request_duration_seconds",
    in_flight: "regatta_http_requests_in_flight",
    abandoned: "regatta_http_requests_abandoned_total",
    responses: "regatta_http_responses_total",
};

/// The same of what sockets ask: virtual requests and events.
pub(crate) static VIRTUAL: Names = Names {
    requests: "regatta_virtual_requests_total",
    seconds: "regatta_virtual_request_duration_seconds",
    in_flight: "regatta_virtual_requests_in_flight",
    abandoned: "regatta_virtual_requests_abandoned_total",
    responses: "regatta_virtual_responses_total",
};

/// What has one address, and no route of the app.
const ADDRESSES: [&str; 3] = ["/livez", "/readyz", "/regatta.io.js"];

/// What has every address below one.
const FOLDERS: [&str; 1] = ["/assets/"];

/// The meter of a worker; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Measured(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    meter: Meter,
    addresses: Vec<(String, Rc<Route>)>,
    folders: Vec<(String, Rc<Route>)>,
    /// Whatever address nobody answers at.
    unmatched: Rc<Route>,
}

impl Measured {
    /// Measures for the calling worker; sockets connect at `socket_path`.
    pub(crate) fn new(requests: &Requests, socket_path: &str) -> Self {
        let named = |path: &str| (path.to_owned(), Route::new(format!("* {path}")));
        Self(Rc::new(Inner {
            meter: requests.meter(),
            addresses: ADDRESSES.map(named).to_vec(),
            folders: FOLDERS.into_iter().chain([socket_path]).map(named).collect(),
            unmatched: Route::new("* unmatched"),
        }))
    }

    /// Where a request counts that no route of the app answers.
    pub(crate) fn place(&self, path: &str) -> &Rc<Route> {
        let is_there = self.0.addresses.iter().find(|(address, _)| path == address);
        let found = is_there.or_else(|| self.0.folders.iter().find(|(folder, _)| path.starts_with(folder)));
        found.map_or(&self.0.unmatched, |(_, name)| name)
    }

    /// Where requests count for which there is nothing.
    pub(crate) fn unmatched(&self) -> &Rc<Route> {
        &self.0.unmatched
    }

    /// Counts what comes of a request, at the route that answers it or else in `place`.
    pub(crate) fn count<B, F>(&self, place: &Rc<Route>, work: F) -> Measuring<F>
    where
        F: Future<Output = Result<ServiceResponse<B>, Error>>,
    {
        self.0.meter.measure(place, work, status)
    }
}

fn status<B>(outcome: &Result<ServiceResponse<B>, Error>) -> u16 {
    match outcome {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    }
}
