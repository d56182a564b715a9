//! What a request meets between the route table and its action: the route's CORS rule, its rates, the cross-site check.

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::csrf::is_safe;
use super::limits::Standing;
use super::{Came, Cors, Csrf, Limits, Rate, token};
use crate::config::Config;
use crate::metrics::Page;
use crate::{Error, Result};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a route says about who may ask it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// Nothing: what `config/security.toml` says.
    pub(crate) cors: Option<Cors>,
    /// Whether requests of other sites are refused; nothing: those that change something.
    pub(crate) csrf: Option<bool>,
    pub(crate) rates: Vec<Rate>,
    /// Whether it changes something although its method says that it does not.
    pub(crate) changes: bool,
}

impl Rules {
    /// The same where nothing else was said, with the rates of both.
    pub(crate) fn inherit(&mut self, outer: &Self) {
        self.cors = self.cors.take().or_else(|| outer.cors.clone());
        self.csrf = self.csrf.or(outer.csrf);
        self.rates.extend(outer.rates.iter().cloned());
    }
}

/// The gate of one app.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    csrf: Csrf,
    /// The rule of routes that have none of their own.
    cors: Option<Cors>,
    limits: Limits,
}

/// What a request that was let in brings into its answer.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    rate: Option<(HeaderValue, HeaderValue)>,
}

impl Gate {
    /// # Errors
    /// When the configuration lets every site read answers with the users' cookies.
    pub(crate) fn new(config: &Config, csrf: Csrf, limits: Limits) -> Result<Self> {
        let cors = Cors::of_all(config);
        if let Some(cors) = &cors {
            cors.review("cors_credentials in config/security.toml", &csrf.origins)?;
        }
        Ok(Self { csrf, cors, limits })
    }

    /// # Errors
    /// When a route's CORS rule can't be used.
    pub(crate) fn review(&self, rules: &Rules, route: &str) -> Result<()> {
        let place = format!("the CORS rule of `{route}`");
        rules.cors.as_ref().map_or(Ok(()), |cors| cors.review(&place, &self.csrf.origins))
    }

    /// Writes the figures of rates.
    pub(crate) fn report(&self, page: &mut Page) {
        self.limits.report(page);
    }

    fn cors<'a>(&'a self, rules: &'a Rules) -> Option<&'a Cors> {
        rules.cors.as_ref().or(self.cors.as_ref())
    }

    /// The method a browser asks about, when the request is such a question.
    pub(crate) fn asked_about(req: &HttpRequest) -> Option<Method> {
        if *req.method() != Method::OPTIONS || !req.headers().contains_key(header::ORIGIN) {
            return None;
        }
        let method = req.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        Method::from_bytes(method.as_bytes()).ok()
    }

    /// The answer to a browser that asks whether it may send `method` to the route; nothing when the route has no rule.
    pub(crate) fn preflight(
        &self,
        rules: &Rules,
        req: &HttpRequest,
        method: &Method,
    ) -> Option<HttpResponse> {
        self.cors(rules).map(|cors| cors.preflight(req, method, &self.csrf.origins))
    }

    /// Whether the request may go on to the action of the route `name`, with its body.
    ///
    /// # Errors
    /// 403 for a request of another site, 429 for one too many, 503 when nobody can count and the rate is strict.
    pub(crate) async fn admit(
        &self,
        rules: &Rules,
        name: &str,
        req: &HttpRequest,
        payload: Payload,
    ) -> (Admitted, Result<Payload>) {
        let mut admitted = Admitted::default();
        for (place, rate) in rules.rates.iter().enumerate() {
            let counted = Box::pin(self.count(rate, place, name, req, &mut admitted)).await;
            if let Err(error) = counted {
                return (admitted, Err(error));
            }
        }
        let changes = rules.changes || !is_safe(req.method());
        let checked = match rules.csrf {
            Some(checked) => checked && changes,
            None => self.csrf.enabled && changes,
        };
        if !checked {
            return (admitted, Ok(payload));
        }
        let passed = self.csrf.check(req, payload, self.cors(rules)).await;
        (admitted, passed)
    }

    async fn count(
        &self,
        rate: &Rate,
        place: usize,
        name: &str,
        req: &HttpRequest,
        admitted: &mut Admitted,
    ) -> Result<()> {
        let subject = rate.subject(req, &self.csrf.session_cookie);
        let key = format!("{name} {place} {subject}");
        let standing = match self.limits.count(&key, rate.interval(), rate.span()).await {
            Ok(standing) => standing,
            Err(error) if rate.strict && !is_safe(req.method()) => {
                return Err(Error::unavailable("requests can't be counted at the moment: try again")
                    .with_source(error));
            }
            Err(error) => {
                tracing::debug!(%error, name, "a request passed uncounted");
                return Ok(());
            }
        };
        admitted.tell(rate, &standing);
        match standing.wait {
            None => Ok(()),
            Some(wait) => Err(Error::too_many_requests(wait)),
        }
    }

    /// Counts a new connection of an address.
    ///
    /// # Errors
    /// 429 for one too many. While nobody can count, everybody comes in.
    pub(crate) async fn connects(&self, req: &HttpRequest, per_minute: u32) -> Result<()> {
        if per_minute == 0 {
            return Ok(());
        }
        let rate = Rate::per_minute(per_minute);
        let rules = Rules { rates: vec![rate], csrf: Some(false), ..Rules::default() };
        self.admit(&rules, "connect", req, Payload::None).await.1.map(drop)
    }

    /// Adds to an answer what browsers and clients are to know.
    pub(crate) fn tell(
        &self,
        rules: &Rules,
        req: &HttpRequest,
        admitted: Admitted,
        response: &mut HttpResponse,
    ) {
        token::end_with_login(&req.get_session());
        if let Some((limit, policy)) = admitted.rate {
            response.headers_mut().insert(RATE_LIMIT, limit);
            response.headers_mut().insert(RATE_LIMIT_POLICY, policy);
        }
        if let Some(cors) = self.cors(rules)
            && !Came::is_virtual(req)
        {
            cors.tell(req, &self.csrf.origins, response.headers_mut());
        }
    }
}

impl Admitted {
    /// The last word stays: that of the rate that refused, if one did.
    fn tell(&mut self, rate: &Rate, standing: &Standing) {
        let seconds = standing.wait.unwrap_or(standing.full_after).as_secs_f64().ceil();
        let limit = HeaderValue::from_str(&format!("\"default\";r={};t={seconds}", standing.remaining));
        let policy = HeaderValue::from_str(&rate.policy());
        if let (Ok(limit), Ok(policy)) = (limit, policy) {
            self.rate = Some((limit, policy));
        }
    }
}
