//! Pages: Tera templates from the app's `views/` folder, escaped whatever their name.
//!
//! ```no_run
//! use regatta::prelude::*;
//!
//! async fn home(views: Views) -> Result<HttpResponse> {
//!     views.render("pages/home", &context! { name: "Ada" })
//! }
//! ```

mod json_script;
mod nonce;

use std::future::{Ready, ready};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use actix_web::dev::Payload;
use actix_web::http::header::{self, ContentType};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
pub use tera::Context;
use tera::Tera;

use crate::assets::Assets;
use crate::config::Config;
use crate::security::Nonce;
use crate::sessions::Received;
use crate::{Error, Result};

/// Builds a [`Context`] from names and values: `context! { title: "Home", messages: messages }`.
#[macro_export]
macro_rules! context {
    ($($name:ident : $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut context = $crate::views::Context::new();
        $(context.insert(stringify!($name), &$value);)*
        context
    }};
}

/// The messages for the page, in every view.
const FLASH: &str = "flash";

/// The templates of the app: an extractor.
#[derive(Clone)]
pub struct Views {
    shared: Arc<Shared>,
    /// What the request before left for this one's page.
    flash: Option<Received>,
}

struct Shared {
    folder: PathBuf,
    assets: Assets,
    /// Whether changed files are read again.
    reload: bool,
    templates: RwLock<Arc<Tera>>,
    /// The newest change seen so far, when reloading.
    seen: Mutex<Option<(SystemTime, usize)>>,
}

impl Views {
    /// Reads every template below the folder; none when there is no folder.
    ///
    /// # Errors
    /// A template that can't be read or parsed: the message names it.
    pub(crate) fn load(config: &Config, assets: &Assets) -> Result<Self> {
        let folder = config.path(&config.views.folder);
        let templates = parse(&folder, assets)?;
        let shared = Arc::new(Shared {
            seen: Mutex::new(newest(&folder)),
            folder,
            assets: assets.clone(),
            reload: !config.views.is_cached(config.environment),
            templates: RwLock::new(Arc::new(templates)),
        });
        Ok(Self { shared, flash: None })
    }

    /// The page `name` as an HTML answer; `pages/home` is `views/pages/home.html`.
    ///
    /// # Errors
    /// 500 when there is no such template or it fails; the message names template and line.
    pub fn render(&self, name: &str, context: &Context) -> Result<HttpResponse> {
        let (html, nonce) = self.render_page(name, context)?;
        let mut response = HttpResponse::Ok().content_type(ContentType::html()).body(html);
        if let Some(nonce) = nonce {
            keep(nonce, &mut response);
        }
        Ok(response)
    }

    /// The page, with its nonce when a template asked for one.
    pub(crate) fn render_page(&self, name: &str, context: &Context) -> Result<(String, Option<Nonce>)> {
        let (html, nonce) = nonce::during(|| self.render_text(name, context));
        Ok((html?, nonce))
    }

    /// The page as text.
    ///
    /// # Errors
    /// As [`Views::render`]; and when a template asks for a nonce, which only an answer has.
    pub fn render_text(&self, name: &str, context: &Context) -> Result<String> {
        let templates = self.templates()?;
        let name = file_name(name);
        if context.contains_key(FLASH) {
            return Ok(templates.render(&name, context)?);
        }
        let mut context = context.clone();
        context.insert(FLASH, self.flash.as_ref().map_or(&[][..], Received::messages));
        Ok(templates.render(&name, &context)?)
    }

    /// Whether there is a template with this name.
    pub fn has(&self, name: &str) -> bool {
        self.templates().is_ok_and(|templates| templates.contains_template(&file_name(name)))
    }

    fn templates(&self) -> Result<Arc<Tera>> {
        if self.shared.reload {
            let newest = newest(&self.shared.folder);
            let mut seen = self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if newest != *seen {
                let templates = Arc::new(parse(&self.shared.folder, &self.shared.assets)?);
                *self.shared.templates.write().unwrap_or_else(PoisonError::into_inner) = templates;
                *seen = newest;
            }
        }
        Ok(self.shared.templates.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Keeps the nonce with the answer, whose headers are still to name it; nobody may keep such an answer for others.
pub(crate) fn keep<B>(nonce: Nonce, response: &mut HttpResponse<B>) {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-cache"));
    response.extensions_mut().insert(nonce);
}

fn file_name(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{name}.html") }
}

fn parse(folder: &Path, assets: &Assets) -> Result<Tera> {
    let mut templates = Tera::new();
    templates.register_function("asset", asset(assets.clone()));
    templates.register_function("nonce", nonce::nonce);
    templates.register_filter("json_script", json_script::JsonScript);
    // Every name ends with nothing: every template is escaped.
    templates.autoescape_on([""]);
    let mut sources = Vec::new();
    for path in files(folder) {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
        sources.push((name, text));
    }
    templates.add_raw_templates(sources).map_err(|error| {
        let told = error.to_string();
        let told = told.strip_prefix("error: ").unwrap_or(&told);
        Error::internal(format!("a template in {} is wrong: {told}", folder.display())).with_source(error)
    })?;
    Ok(templates)
}

/// `{{ asset(path="chat.js") }}`: the address of a file in the app's `assets` folder.
fn asset(assets: Assets) -> impl tera::Function<tera::TeraResult<String>> {
    move |arguments: tera::Kwargs, _: &tera::State<'_>| {
        let path = arguments.must_get::<&str>("path")?;
        assets.url(path).ok_or_else(|| {
            tera::Error::message(format!(
                "there is no file `{path}` among the assets: write its path below that folder"
            ))
        })
    }
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The time of the newest change and the number of files: differs when anything was changed.
fn newest(folder: &Path) -> Option<(SystemTime, usize)> {
    let files = files(folder);
    let times = files.iter().filter_map(|path| path.metadata().and_then(|meta| meta.modified()).ok());
    times.max().map(|newest| (newest, files.len()))
}

impl FromRequest for Views {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let views = req.app_data::<Self>();
        let views = views.map(|views| Self { shared: views.shared.clone(), flash: Some(Received::of(req)) });
        ready(views.ok_or_else(|| Error::internal("this server was built without views")))
    }
}

impl std::fmt::Debug for Views {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Views").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
