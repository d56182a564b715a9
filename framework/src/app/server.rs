//! One instance: its parts, its server, its end.

use std::future::ready;
use std::rc::Rc;
use std::sync::Arc;

use actix_service::IntoServiceFactory;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{AppConfig, Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web;
use futures_util::future::Either;
use tokio::sync::{OnceCell, mpsc};

use super::background::Background;
use super::connections::{SharedRedis, session_store, shared_redis};
use super::mirror::{self, Mirror};
use super::probes::{self, Probes};
use super::running::{BUS_PATIENCE, Running};
use super::{App, figures, layer, prepare, private};
use crate::assets::Assets;
use crate::bus::{self, Bus, Interests};
use crate::cache::ResponseCache;
use crate::config::{Config, HttpConfig, Migrate};
use crate::doctor::{self, About};
use crate::health::{Health, Readiness};
use crate::http::{self, Door, Drain, Instance, Listener, Measured, Met, Watchdog};
use crate::metrics::{Metrics, Requests};
use crate::models::Db;
use crate::models::migrate::Migrations;
use crate::openapi::{Document, Subject};
use crate::redis::Redis;
use crate::routes::{Action, Namespaces};
use crate::security::{Gate, Hops, Origins, SEEN_PATH, check_secret};
use crate::sessions::{self, Sessions};
use crate::sockets::{
    Dispatch, Dispatcher, Endpoint, MemoryPresence, PresenceStore, RedisPresence, Services, Sockets,
    endpoint, serve_client,
};
use crate::views::Views;
use crate::{Error, Result, error, fleet, uploads};

/// Messages from other instances that may wait for the workers.
const INCOMING: usize = 4_096;

/// Everything the workers of an instance share.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) app: App,
    pub(super) config: Arc<Config>,
    pub(super) db: Db,
    pub(super) sockets: Sockets,
    pub(super) sessions: Sessions,
    pub(super) views: Views,
    pub(super) gate: Gate,
    pub(super) instance: Instance,
    /// Made once, for all workers.
    pub(super) openapi: Option<Document>,
    pub(super) cache: ResponseCache,
    pub(super) uploads: uploads::Limits,
    pub(super) watchdog: Option<Watchdog>,
    pub(super) redis: SharedRedis,
    assets: Assets,
    listener: Listener,
    mirror: web::Data<Mirror>,
    pub(super) origins: Origins,
    pub(super) hops: Hops,
    pub(super) drain: Drain,
    pub(super) probes: Probes,
    pub(super) metrics: Metrics,
    /// What comes over HTTP, and what sockets ask.
    pub(super) requests: [Requests; 2],
}

impl Parts {
    pub(super) fn migrations(&self) -> Vec<Migrations> {
        self.db.migrations(&self.config.root, self.config.models.migrate_timeout.get())
    }
}

/// What an instance is made of, with what only its start and end need.
pub(super) struct Built {
    pub(super) parts: Parts,
    pub(super) health: Health,
    pub(super) secrets: Vec<String>,
    incoming: mpsc::Receiver<bus::Message>,
    /// Redis connections and background tasks; it outlives the workers.
    runtime: Background,
}

impl Built {
    /// Ends what was never started.
    pub(super) async fn end(self) {
        self.parts.db.close().await;
    }
}

/// Puts an instance together; connects to nothing yet.
pub(super) fn build(app: &App, config: Config, instance: &Instance) -> Result<Built> {
    error::set_production(config.environment.is_production());
    doctor::refuse_insecure(&config)?;
    let runtime = Background::start()?;
    let health = Health::default();
    let handle = runtime.handle()?;
    let redis = shared_redis(&config, handle)?;
    for redis in redis.iter() {
        health.register(redis.check());
    }
    let routes = layer::drawn(app, &config);
    let namespaces = Namespaces::new(&routes.namespaces);
    let secrets = sessions::secrets(&config)?;
    let (deliver, incoming) = mpsc::channel(INCOMING);
    let sockets_redis = redis.for_sockets.as_ref();
    let (bus, presence): (Arc<dyn Bus>, Arc<dyn PresenceStore>) = match sockets_redis {
        Some(redis) => (
            bus::redis(redis, &config.sockets, &interests(&namespaces), deliver)?,
            Arc::new(RedisPresence::new(
                redis.clone(),
                &config.sockets.key,
                instance.id(),
                About::this(&secrets).text(),
            )),
        ),
        None => (bus::memory(deliver), Arc::new(MemoryPresence::default())),
    };
    let stores = Db::open_stores(&config, &app.models)?;
    let store = session_store(&config, &redis, &stores)?;
    let sessions = Sessions::importing(&config, store, redis.for_import.clone())?;
    let services =
        Services { bus, presence, redis: sockets_redis, secrets: &secrets, sessions: sessions.clone() };
    let sockets = Sockets::new(&config.sockets, namespaces, services)?;
    if let Some(check) = sockets.check() {
        health.register(check);
    }
    let compared = redis.for_sessions.as_ref().or(sockets_redis);
    compared.iter().for_each(|redis| health.register(check_secret(redis, &config, &secrets)));
    let db = Db::new(stores, app.models.clone(), Arc::new(sockets.clone()))?;
    let alters = config.migrate() == Migrate::Alter;
    let migrations = db.migrations(&config.root, config.models.migrate_timeout.get());
    let of_files = migrations.iter().flat_map(|migrations| migrations.checks(alters));
    for check in db.checks().into_iter().chain(of_files) {
        health.register(check);
    }
    let assets = Assets::load(&config)?;
    let gate = layer::gate(&config, &sessions, sockets_redis, &routes)?;
    let subject = Subject { name: app.name, config: &config, models: &app.models, routes: &routes };
    let drain = Drain::new();
    let bounds = figures::bounds(&config)?;
    let readiness = Readiness::new(health.clone(), config.http.unready_after.get(), runtime.handle()?);
    let requests = [&http::HTTP, &http::VIRTUAL].map(|names| Requests::new(names, bounds.iter().copied()));
    let parts = Parts {
        openapi: Document::served(&subject)?,
        app: app.clone(),
        gate,
        instance: instance.clone(),
        db,
        sockets,
        sessions,
        views: Views::load(&config, &assets)?,
        assets,
        uploads: uploads::Limits::new(&config),
        watchdog: Watchdog::new(&config)?,
        redis: redis.clone(),
        cache: ResponseCache::new(&config, redis.for_cache.clone()),
        listener: Listener::new(&config, instance.id(), drain.clone())?,
        mirror: web::Data::new(Mirror::new(&config, &secrets)?),
        origins: Origins::for_sockets(&config),
        hops: Hops::new(&config.security.trusted_proxies)?,
        probes: Probes::new(readiness, drain.clone()),
        drain,
        metrics: Metrics::default(),
        requests,
        config: Arc::new(config),
    };
    figures::register(&parts);
    Ok(Built { parts, health, secrets, incoming, runtime })
}

/// The namespaces in which the bus hears other instances.
fn interests(namespaces: &Namespaces) -> Interests {
    Interests {
        names: namespaces.names().map(str::to_owned).collect(),
        starts: namespaces.starts().map(str::to_owned).collect(),
    }
}

/// Starts an instance behind `doors`.
pub(crate) async fn start(
    app: &App,
    config: Config,
    instance: &Instance,
    doors: Vec<Door>,
) -> Result<Running> {
    let Built { parts, health, incoming, runtime, .. } = build(app, config, instance)?;
    let private = private::open(&parts, runtime.handle()?)?;
    runtime.handle()?.spawn(probes::compare_secrets(health));
    prepare::run(&parts).await?;
    parts.sockets.subscribed(BUS_PATIENCE).await;
    parts.sockets.listen().await?;
    runtime.handle()?.spawn(parts.sockets.clone().relay(incoming));
    runtime.handle()?.spawn(parts.sockets.clone().keep_presence());
    runtime.handle()?.spawn(parts.sessions.clone().keep_tidy());
    let endings = parts.sessions.endings();
    runtime.handle()?.spawn(parts.sockets.clone().follow_sessions(parts.sessions.clone(), endings));

    let http = &parts.config.http;
    let workers = workers(http);
    let shared = parts.clone();
    let server = http::server(doors, http, &parts.drain, workers, move || application(&shared))?;
    parts.probes.start();
    Ok(Running::new(server, parts, runtime, private))
}

fn workers(http: &HttpConfig) -> usize {
    if http.workers > 0 {
        return http.workers;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / fleet::instances()).max(1)
}

/// The HTTP application of one worker: what only HTTP sees, then the app layer.
fn application(
    parts: &Parts,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    parts.redis.iter().for_each(Redis::settle);
    let config = &parts.config.sockets;
    let at_the_endpoint =
        Endpoint::new(&parts.sockets, config, &parts.origins, &parts.gate, &dispatcher(parts));
    #[cfg(feature = "testing")]
    let at_the_endpoint = at_the_endpoint.echoing(parts.app.echoes);
    let listener = Rc::new(parts.listener.clone());
    let bare = vec![
        ("/livez".to_owned(), Action::from_handler(probes::live)),
        ("/readyz".to_owned(), Action::from_handler(probes::ready)),
        (SEEN_PATH.to_owned(), Action::from_handler(mirror::show)),
        ("/regatta.io.js".to_owned(), Action::from_handler(serve_client)),
        (config.path.clone(), Action::from_handler(endpoint)),
    ];
    let assets = crate::assets::service(&parts.assets);
    let [over_http, _] = &parts.requests;
    let measured = Measured::new(over_http, &config.path);
    actix_web::App::new()
        .app_data(web::Data::new(parts.probes.clone()))
        .app_data(web::Data::new(at_the_endpoint))
        .app_data(parts.mirror.clone())
        .configure(layer::shared(parts))
        .configure(|services| {
            if let Some(files) = assets {
                services.service(files);
            }
        })
        .configure(layer::routes(parts, bare))
        .wrap_fn(move |req, app| {
            let place = measured.place(req.path());
            let (met, req) = Met::with(&listener, req);
            let answer = match req {
                Ok(req) => app.call(req),
                Err(refused) => Box::pin(ready(Ok(refused))),
            };
            measured.count(place, met.answer(answer))
        })
}

/// The app layer without HTTP around it, built when the first socket of the worker asks for it.
fn dispatcher(parts: &Parts) -> Dispatcher {
    let headers = parts.config.sockets.send_response_headers;
    let (for_requests, for_calls) = (parts.clone(), parts.clone());
    let [_, over_sockets] = &parts.requests;
    let measured = Measured::new(over_sockets, &parts.config.sockets.path);
    let requests = dispatch(&measured, async move || {
        let bounds = http::Bounds::new(&for_requests.config.http);
        let app = actix_web::App::new().configure(layer::shared(&for_requests));
        let app = app.configure(layer::routes(&for_requests, Vec::new()));
        made(app.wrap_fn(move |req, app| match bounds.check_head(req.request()) {
            Ok(()) => Either::Left(app.call(req)),
            Err(error) => Either::Right(ready(Ok(req.error_response(error)))),
        }))
        .await
    });
    let calls = dispatch(&measured, async move || {
        let app = actix_web::App::new().configure(layer::shared(&for_calls));
        made(app.default_service(layer::calls(&for_calls))).await
    });
    Dispatcher { requests, calls, headers }
}

/// Runs requests through a service that is made for the first one.
fn dispatch<S>(measured: &Measured, make: impl AsyncFn() -> Result<S, actix_web::Error> + 'static) -> Dispatch
where
    S: Service<actix_http::Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    let (made, measured) = (Rc::new((OnceCell::new(), make)), measured.clone());
    Rc::new(move |request| {
        let made = made.clone();
        Box::pin(measured.count(measured.unmatched(), async move {
            let (service, make) = &*made;
            service.get_or_try_init(|| make()).await?.call(request).await
        }))
    })
}

async fn made<F, B>(
    app: actix_web::App<F>,
) -> Result<
    impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error> + use<F, B>,
    actix_web::Error,
>
where
    F: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let factory = IntoServiceFactory::<_, actix_http::Request>::into_factory(app);
    factory
        .new_service(AppConfig::default())
        .await
        .map_err(|()| Error::internal("the app layer could not be built for sockets").into())
}
