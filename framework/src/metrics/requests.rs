//! Requests by their route: how many, how long they took, how they were answered.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;

use super::{Kind, Page};

/// The classes of answers, by the first digit of their status.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The first status, and how many there may be.
const FIRST: u16 = 100;
const STATUSES: usize = 500;

tokio::task_local! {
    /// The route that answers the request at hand.
    static ROUTE: RefCell<Option<Rc<Route>>>;
}

/// A route as one worker knows it, with its figures once it has answered.
#[derive(Debug)]
pub(crate) struct Route {
    name: Box<str>,
    series: OnceCell<Arc<Series>>,
}

impl Route {
    /// Called such as `GET /user/{id}`. It belongs to the first meter that counts something there.
    pub(crate) fn new(name: impl Into<Box<str>>) -> Rc<Self> {
        Rc::new(Self { name: name.into(), series: OnceCell::new() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Notes which route answers the request at hand. Does nothing where none is measured.
pub(crate) fn answered_by(route: &Rc<Route>) {
    let _ = ROUTE.try_with(|at_hand| at_hand.replace(Some(route.clone())));
}

/// How the figures of one kind of requests are called.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) requests: &'static str,
    pub(crate) seconds: &'static str,
    pub(crate) in_flight: &'static str,
    pub(crate) abandoned: &'static str,
    pub(crate) responses: &'static str,
}

/// The requests of one kind, of all workers.
#[derive(Debug, Clone)]
pub(crate) struct Requests(Arc<Book>);

#[derive(Debug)]
struct Book {
    names: &'static Names,
    /// The upper bounds of the times that are told apart, in nanoseconds.
    bounds: Box<[u64]>,
    /// By route, the figures of each worker that has answered there.
    routes: Mutex<BTreeMap<Box<str>, Vec<Arc<Series>>>>,
    workers: Mutex<Vec<Arc<Whole>>>,
}

/// A number that only one thread changes, so that it needs no lock of the processor's, and any may read.
#[derive(Debug, Default)]
struct Cell(AtomicU64);

impl Cell {
    fn add(&self, n: u64) {
        self.0.store(self.get().wrapping_add(n), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The requests of one worker.
#[derive(Debug)]
struct Whole {
    begun: Cell,
    ended: Cell,
    /// Those among the ended whose client went before the answer.
    abandoned: Cell,
    /// How often there was each status.
    statuses: Box<[Cell]>,
}

/// The requests one worker has answered at one route.
#[derive(Debug)]
struct Series {
    classes: [Cell; CLASSES.len()],
    /// How many took at most as long as each bound, and longer than the one before; those that took longest last.
    times: Box<[Cell]>,
    nanoseconds: Cell,
}

impl Requests {
    /// With bounds in rising order.
    pub(crate) fn new(names: &'static Names, bounds: impl IntoIterator<Item = Duration>) -> Self {
        Self(Arc::new(Book {
            names,
            bounds: bounds.into_iter().map(nanoseconds).collect(),
            routes: Mutex::default(),
            workers: Mutex::default(),
        }))
    }

    /// A meter for the calling worker.
    pub(crate) fn meter(&self) -> Meter {
        let whole = Arc::new(Whole {
            begun: Cell::default(),
            ended: Cell::default(),
            abandoned: Cell::default(),
            statuses: (0..STATUSES).map(|_| Cell::default()).collect(),
        });
        self.0.workers.lock().unwrap_or_else(PoisonError::into_inner).push(whole.clone());
        Meter(Rc::new(Worker { book: self.0.clone(), whole }))
    }

    /// Writes the figures.
    pub(crate) fn report(&self, page: &mut Page) {
        let book = &*self.0;
        let routes = book.routes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let totals: Vec<(&str, &str, Totals)> = routes
            .iter()
            .map(|(route, workers)| {
                let (method, path) = route.split_once(' ').unwrap_or(("*", route));
                (method, path, Totals::of(workers))
            })
            .collect();
        let mut requests = page.family(
            Kind::Counter,
            book.names.requests,
            "Requests answered, by route and class of status.",
        );
        for (method, route, totals) in &totals {
            for (class, count) in CLASSES.iter().zip(totals.classes).filter(|(_, count)| *count > 0) {
                requests.sample(&[("method", method), ("route", route), ("status", class)], count);
            }
        }
        let mut seconds = page.family(
            Kind::Histogram,
            book.names.seconds,
            "Time until the answer began, in seconds, by route.",
        );
        for (method, route, totals) in &totals {
            let mut count = 0;
            for (bound, times) in book.bounds.iter().zip(&totals.times) {
                count += times;
                let bound = in_seconds(*bound).to_string();
                seconds.part("_bucket", &[("method", method), ("route", route), ("le", &bound)], count);
            }
            let count: u64 = totals.times.iter().sum();
            let labels = [("method", *method), ("route", *route)];
            seconds.part("_bucket", &[labels[0], labels[1], ("le", "+Inf")], count);
            seconds.part("_sum", &labels, in_seconds(totals.nanoseconds));
            seconds.part("_count", &labels, count);
        }
        let workers = book.workers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut responses = page.family(Kind::Counter, book.names.responses, "Answers, by status.");
        for (place, status) in (FIRST..).take(STATUSES).enumerate() {
            let count = sum(workers.iter().filter_map(|worker| worker.statuses.get(place)));
            if count > 0 {
                responses.sample(&[("status", &status.to_string())], count);
            }
        }
        // The ended ones first: of those that end meanwhile none is missing among the begun.
        let ended = sum(workers.iter().map(|worker| &worker.ended));
        let begun = sum(workers.iter().map(|worker| &worker.begun));
        let in_flight = begun.saturating_sub(ended);
        page.gauge(book.names.in_flight, "Requests that are being answered.", in_flight);
        let abandoned = "Requests whose client went before there was an answer.";
        page.counter(book.names.abandoned, abandoned, sum(workers.iter().map(|worker| &worker.abandoned)));
    }
}

/// What one worker measures with; clones share it and stay on its thread.
#[derive(Debug, Clone)]
pub(crate) struct Meter(Rc<Worker>);

#[derive(Debug)]
struct Worker {
    book: Arc<Book>,
    whole: Arc<Whole>,
}

impl Meter {
    /// Measures how a request is answered; `otherwise` is where it counts when no route has answered it.
    pub(crate) fn measure<F: Future>(
        &self,
        otherwise: &Rc<Route>,
        work: F,
        status: fn(&F::Output) -> u16,
    ) -> Measuring<F> {
        Measuring {
            work: ROUTE.scope(RefCell::new(None), work),
            at_work: AtWork::begin(self.0.clone()),
            otherwise: otherwise.clone(),
            status,
        }
    }
}

pin_project! {
    /// A request that is measured.
    pub(crate) struct Measuring<F: Future> {
        #[pin]
        work: TaskLocalFuture<RefCell<Option<Rc<Route>>>, F>,
        at_work: AtWork,
        otherwise: Rc<Route>,
        status: fn(&F::Output) -> u16,
    }
}

impl<F: Future> Future for Measuring<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let outcome = ready!(this.work.as_mut().poll(cx));
        let route = this.work.take_value().and_then(RefCell::into_inner);
        this.at_work.done(route.as_ref().unwrap_or(this.otherwise), (this.status)(&outcome));
        Poll::Ready(outcome)
    }
}

/// A request that is being answered; dropped before it is done, its client has gone.
struct AtWork {
    worker: Rc<Worker>,
    started: Instant,
    is_done: bool,
}

impl AtWork {
    fn begin(worker: Rc<Worker>) -> Self {
        worker.whole.begun.add(1);
        Self { worker, started: Instant::now(), is_done: false }
    }

    fn done(&mut self, route: &Route, status: u16) {
        self.is_done = true;
        self.worker.count(route, status, self.started.elapsed());
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let whole = &self.worker.whole;
        whole.ended.add(1);
        if !self.is_done {
            whole.abandoned.add(1);
        }
    }
}

impl Worker {
    fn count(&self, route: &Route, status: u16, took: Duration) {
        let took = nanoseconds(took);
        let series = route.series.get_or_init(|| self.book.series(route.name()));
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        if let Some(answers) = series.classes.get(class) {
            answers.add(1);
        }
        let place = self.book.bounds.iter().position(|bound| took <= *bound);
        if let Some(times) = series.times.get(place.unwrap_or(self.book.bounds.len())) {
            times.add(1);
        }
        series.nanoseconds.add(took);
        if let Some(count) = self.whole.statuses.get(usize::from(status.saturating_sub(FIRST))) {
            count.add(1);
        }
    }
}

impl Book {
    /// Figures for another worker at this route.
    fn series(&self, route: &str) -> Arc<Series> {
        let times = (0..=self.bounds.len()).map(|_| Cell::default()).collect();
        let series = Arc::new(Series { classes: Default::default(), times, nanoseconds: Cell::default() });
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.entry(route.into()).or_default().push(series.clone());
        series
    }
}

/// The figures of all workers at one route.
struct Totals {
    classes: [u64; CLASSES.len()],
    times: Vec<u64>,
    nanoseconds: u64,
}

impl Totals {
    fn of(workers: &[Arc<Series>]) -> Self {
        let places = workers.first().map_or(0, |series| series.times.len());
        let at = |place: usize| sum(workers.iter().filter_map(|series| series.times.get(place)));
        let in_class = |class: usize| sum(workers.iter().filter_map(|series| series.classes.get(class)));
        Self {
            classes: std::array::from_fn(in_class),
            times: (0..places).map(at).collect(),
            nanoseconds: sum(workers.iter().map(|series| &series.nanoseconds)),
        }
    }
}

fn sum<'a>(cells: impl Iterator<Item = &'a Cell>) -> u64 {
    cells.fold(0, |sum, cell| sum.wrapping_add(cell.get()))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn in_seconds(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64()
}
