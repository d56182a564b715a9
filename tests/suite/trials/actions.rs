//! What the trials ask of the app: the file `src/trials.rs` of the one they make.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use regatta::actix_web::rt::time::sleep;
use regatta::models::Callbacks;
use regatta::prelude::*;
use regatta::security::{Cors, CsrfToken, IsSecure, Rate};
use regatta::sessions::Sessions;
use regatta::uploads::Uploads;

use crate::models::Person;

pub fn draw(r: &mut Routes) {
    r.get("/plain", plain);
    r.get("/all", all);
    r.post("/log-in/{user}", log_in);
    r.post("/log-out", log_out);
    r.post("/end-all-of/{user}", end_all_of);
    r.post("/set/{key}/{value}", set);
    r.post("/set-when/{gate}/{key}/{value}", set_when);
    r.post("/count/{how}", count);
    r.post("/count-in-turn", count_plainly).serialize();
    r.get("/token", regatta::security::grant_csrf_token);
    r.get("/form", form);
    r.get("/from", from);
    r.get("/take", take);
    r.post("/take", take);
    r.get("/limited", plain).rate_limit(Rate::per_minute(1000).by_address());
    r.post("/limited", plain).rate_limit(Rate::per_minute(1000).by_address().strict());
    r.get("/cached", plain).cache("1s");
    r.post("/few", plain).rate_limit(Rate::per_minute(6).by_address().strict());
    r.get("/number", number).cache("2s");
    r.get("/clock", clock);
    r.get("/open", plain).cors(Cors::any());
    r.get("/shop", all).cors(Cors::origins(["https://shop.example.com"]).credentials());
    r.put("/shop", plain).cors(Cors::origins(["https://shop.example.com"]).credentials());
    r.get("/listed", plain).cors(Cors::listed());
    r.get("/listed-kept", plain).cors(Cors::listed()).cache("1m");
    r.get("/account", all).cors(Cors::listed().credentials());
    r.put("/account", plain).cors(Cors::listed().credentials());
    r.get("/closed", plain).cors(Cors::off());
    if std::env::var_os("TRIALS_LEAK").is_some() {
        r.get("/leak", all).cors(Cors::any().credentials());
    }
    r.get("/show/{view}", show);
    r.post("/pair-when/{gate}", pair_when);
    r.get("/people", people);
    r.get("/people-kept", people).cache("10m");
    r.post("/add/{name}", add);
    r.post("/add-two/{name}", add_two);
    r.post("/upload", upload);
    r.get("/boom", boom);
    r.get("/guarded", plain).guard(boom_policy);
    r.get("/task", task);
    r.get("/mine", plain).guard(signed_in);
    let mut inner = r.scope("/inner").guard(signed_in);
    inner.get("/plain", plain);
    inner.post("/plain", plain);
    r.blueprints::<Person>().guard_writes(signed_in).guard_writes(is_captain);
    r.blueprints::<Fuse>();
    r.on("boom", boom);
    r.on("echo", echo);
    r.on("join", join);
    r.on("slow", slow);
    r.on("bytes", bytes);
    r.on("tell", tell);
    r.namespace("/berth/{number}");
}

/// Tells the test that a request has come this far, and waits until the test says go.
async fn pass(gate: &str) -> Result<()> {
    let at = |what: &str| PathBuf::from(format!(".tmp/{gate}.{what}"));
    std::fs::write(at("here"), "")?;
    for _ in 0..4_000 {
        if at("go").exists() {
            return Ok(());
        }
        sleep(Duration::from_millis(5)).await;
    }
    Err(Error::internal("nobody opened the gate"))
}

async fn signed_in(session: SharedSession) -> Result<()> {
    session.user().map(drop).ok_or_else(|| Error::unauthorized("log in first"))
}

async fn is_captain(session: SharedSession) -> Result<()> {
    match session.user().as_deref() {
        Some("captain") => Ok(()),
        _ => Err(Error::forbidden("only the captain does that")),
    }
}

async fn plain() -> &'static str {
    "plain"
}

/// Another one each time it is made.
async fn number(instance: Instance) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    format!("{} {}", instance.id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// What time this instance thinks it is, in seconds.
async fn clock() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs()).to_string()
}

async fn all(session: Session, shared: SharedSession) -> Json<JsonValue> {
    let values = session.entries().clone();
    Json(json!({ "user": shared.user(), "values": values }))
}

async fn log_in(session: SharedSession, user: Path<String>) -> Result<&'static str> {
    session.sign_in(&*user)?;
    Ok("welcome")
}

async fn log_out(session: SharedSession) -> &'static str {
    session.sign_out();
    "bye"
}

async fn end_all_of(sessions: Sessions, user: Path<String>) -> Result<Json<usize>> {
    Ok(Json(sessions.end_all_of(&*user).await?))
}

async fn set(session: Session, what: Path<(String, String)>) -> Result<&'static str> {
    let (key, value) = what.into_inner();
    session.insert(key, value)?;
    Ok("set")
}

/// Reads the session, waits, and writes.
async fn set_when(session: Session, what: Path<(String, String, String)>) -> Result<&'static str> {
    let (gate, key, value) = what.into_inner();
    session.get::<JsonValue>(&key)?;
    pass(&gate).await?;
    session.insert(key, value)?;
    Ok("set")
}

/// One more, in each of the ways that lose none.
async fn count(session: SharedSession, how: Path<String>) -> Result<Json<i64>> {
    Ok(Json(match how.as_str() {
        "update" => session.update("n", |n: Option<i64>| n.unwrap_or(0) + 1).await?,
        _ => session.incr("n", 1).await?,
    }))
}

/// One more, in the way that loses some where requests take no turns.
async fn count_plainly(session: Session) -> Result<Json<i64>> {
    let n = session.get::<i64>("n")?.unwrap_or(0) + 1;
    sleep(Duration::from_millis(1)).await;
    session.insert("n", n)?;
    Ok(Json(n))
}

async fn form(token: CsrfToken) -> Json<String> {
    Json(token.as_str().to_owned())
}

async fn from(address: ClientAddress, secure: IsSecure) -> Json<JsonValue> {
    Json(json!({ "address": address.0, "secure": secure.0 }))
}

/// A view below `views/shown/` with what the client sent as `x`.
async fn show(views: Views, view: Path<String>, query: Query<Vec<(String, String)>>) -> Result<HttpResponse> {
    let x = query.0.into_iter().next().map(|(_, value)| value).unwrap_or_default();
    views.render(&format!("shown/{view}"), &context! { x: x })
}

async fn take(input: Input<JsonValue>) -> String {
    input.0.to_string().len().to_string()
}

/// Two records of one transaction, the second when the test says so.
async fn pair_when(db: Db, gate: Path<String>) -> Result<&'static str> {
    db.transaction(async |tx| {
        Person::create(json!({ "name": format!("{gate} first") })).exec(tx).await?;
        pass(&gate).await?;
        Person::create(json!({ "name": format!("{gate} second") })).exec(tx).await?;
        Ok::<_, Error>("both")
    })
    .await
}

async fn people(db: Db) -> Result<Json<Vec<Person>>> {
    Ok(Json(Person::find().limit(1000).all(&db).await?))
}

async fn add(db: Db, name: Path<String>) -> Result<&'static str> {
    Person::create(json!({ "name": *name })).exec(&db).await?;
    Ok("one")
}

async fn add_two(db: Db, name: Path<String>) -> Result<&'static str> {
    db.transaction(async |tx| {
        Person::create(json!({ "name": format!("{name} first") })).exec(tx).await?;
        Person::create(json!({ "name": format!("{name} second") })).exec(tx).await?;
        Ok::<_, Error>("both")
    })
    .await
}

/// Saves the files of the field `kept` and forgets the others.
async fn upload(uploads: Uploads) -> Result<Json<JsonValue>> {
    let count = uploads.files().len();
    let mut saved = Vec::new();
    for file in uploads.into_files("kept") {
        saved.push(file.save(".tmp/kept").await?.display().to_string());
    }
    Ok(Json(json!({ "count": count, "saved": saved })))
}

async fn boom() -> &'static str {
    panic!("the inside of the app")
}

async fn boom_policy() -> Result<()> {
    panic!("the inside of the app")
}

/// What panics around the writes of its records.
#[derive(Debug, Model)]
#[model(callbacks)]
pub struct Fuse {
    pub id: i64,
    #[attr(required)]
    pub name: String,
}

impl Callbacks for Fuse {
    async fn after_create(_: &Db, fuse: Self) -> Result<()> {
        assert!(fuse.name != "boom", "the inside of the app");
        Ok(())
    }
}

async fn task() -> &'static str {
    regatta::actix_web::rt::spawn(async { panic!("in a task") });
    "started"
}

async fn echo(data: Input<JsonValue>) -> Json<JsonValue> {
    Json(data.0)
}

async fn join(who: Requester, room: Input<String>) -> Result<Json<JsonValue>> {
    who.socket()?.join(&room).await?;
    Ok(Json(json!("joined")))
}

async fn slow() -> Json<&'static str> {
    sleep(Duration::from_millis(300)).await;
    Json("slow")
}

async fn bytes(values: Args<Vec<JsonValue>>) -> Json<usize> {
    Json(values.0.len())
}

async fn tell(sockets: Sockets, what: Input<JsonValue>) -> Result<Json<&'static str>> {
    sockets.to("told").emit("told", &what.0).await?;
    Ok(Json("told"))
}
