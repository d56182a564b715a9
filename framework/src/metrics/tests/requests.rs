use std::future::{pending, ready};
use std::rc::Rc;
use std::time::Duration;

use super::figure;
use crate::metrics::{Names, Page, Requests, Route, answered_by};

const NAMES: Names = Names {
    requests: "requests_total",
    seconds: "seconds",
    in_flight: "in_flight",
    abandoned: "abandoned_total",
    responses: "responses_total",
};

fn requests() -> Requests {
    Requests::new(&NAMES, [Duration::from_millis(1), Duration::from_secs(60)])
}

fn page(requests: &Requests) -> String {
    let mut page = Page::default();
    requests.report(&mut page);
    page.into_text()
}

fn name(text: &str) -> Rc<Route> {
    Route::new(text)
}

#[tokio::test]
async fn requests_count_at_the_route_that_answers_them() {
    let requests = requests();
    let (home, otherwise) = (name("GET /user/{id}"), name("* unmatched"));
    let meter = requests.meter();
    for status in [200, 204, 404] {
        let work = async {
            answered_by(&home);
            status
        };
        meter.measure(&otherwise, work, |status| *status).await;
    }
    meter.measure(&otherwise, ready(404), |status| *status).await;

    let page = page(&requests);
    let at =
        |class: &str| format!("requests_total{{method=\"GET\",route=\"/user/{{id}}\",status=\"{class}\"}}");
    assert_eq!((figure(&page, &at("2xx")), figure(&page, &at("4xx"))), (2.0, 1.0));
    assert_eq!(figure(&page, "requests_total{method=\"*\",route=\"unmatched\",status=\"4xx\"}"), 1.0);
    assert_eq!(figure(&page, "responses_total{status=\"404\"}"), 2.0);
    assert!(!page.contains("5xx") && !page.contains("\"500\""), "only what there was: {page}");
}

#[tokio::test]
async fn times_are_told_apart_by_their_bounds() {
    let requests = requests();
    let (route, meter) = (name("GET /slow"), requests.meter());
    let slow = async {
        std::thread::sleep(Duration::from_millis(20));
        200
    };
    meter.measure(&route, slow, |status| *status).await;
    meter.measure(&route, ready(200), |status| *status).await;

    let page = page(&requests);
    let labels = "method=\"GET\",route=\"/slow\"";
    assert_eq!(figure(&page, &format!("seconds_bucket{{{labels},le=\"0.001\"}}")), 1.0);
    assert_eq!(figure(&page, &format!("seconds_bucket{{{labels},le=\"60\"}}")), 2.0);
    assert_eq!(figure(&page, &format!("seconds_bucket{{{labels},le=\"+Inf\"}}")), 2.0);
    assert_eq!(figure(&page, &format!("seconds_count{{{labels}}}")), 2.0);
    let sum = figure(&page, &format!("seconds_sum{{{labels}}}"));
    assert!((0.02..10.0).contains(&sum), "{sum}");
}

#[tokio::test]
async fn the_figures_of_all_workers_are_added_up() {
    let requests = requests();
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let requests = requests.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let (meter, route) = (requests.meter(), name("GET /"));
                runtime.block_on(async {
                    for _ in 0..5 {
                        meter.measure(&route, ready(200), |status| *status).await;
                    }
                });
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let page = page(&requests);
    assert_eq!(figure(&page, "requests_total{method=\"GET\",route=\"/\",status=\"2xx\"}"), 15.0);
}

#[tokio::test]
async fn a_request_whose_client_goes_is_in_flight_no_longer() {
    let requests = requests();
    let (meter, route) = (requests.meter(), name("GET /"));
    let mut asked = Box::pin(meter.measure(&route, pending::<u16>(), |status| *status));
    assert!(futures_util::poll!(&mut asked).is_pending());
    assert_eq!(figure(&page(&requests), "in_flight"), 1.0);

    drop(asked);

    let page = page(&requests);
    assert_eq!((figure(&page, "in_flight"), figure(&page, "abandoned_total")), (0.0, 1.0));
}

#[tokio::test]
async fn a_request_within_another_counts_at_its_own_route() {
    let requests = requests();
    let (outer, inner, none) = (name("GET /outer"), name("GET /inner"), name("* unmatched"));
    let meter = requests.meter();
    let within = async {
        answered_by(&inner);
        200
    };
    let around = async {
        answered_by(&outer);
        meter.measure(&none, within, |status| *status).await
    };
    meter.measure(&none, around, |status| *status).await;

    let page = page(&requests);
    for route in ["/outer", "/inner"] {
        let name = format!("requests_total{{method=\"GET\",route=\"{route}\",status=\"2xx\"}}");
        assert_eq!(figure(&page, &name), 1.0);
    }
}
