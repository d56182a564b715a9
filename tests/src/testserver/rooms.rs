//! The routes that move sockets between rooms and send them something.

use regatta::actix_web::http::Method;
use regatta::actix_web::{FromRequest, Handler, Responder};
use regatta::prelude::*;

use super::params::Params;
use super::routes::text;

const GREETING: &str = "HI";

/// Adds the routes.
pub(super) fn draw(r: &mut Routes) {
    add(r, Method::POST, "/__blast", raw_blast);
    add(r, Method::GET, "/id", async |who: Requester| Ok::<_, Error>(text(who.socket()?.id())));
    add(r, Method::PUT, "/testroom/join", join);
    add(r, Method::PUT, "/funRoom/join", async |sockets: Sockets, who: Requester, params: Params| {
        let socket = meant(&who, &params)?;
        sockets.to(socket).sockets_join(&["funRoom".to_owned()]).await;
        done()
    });
    add(r, Method::PUT, "/funRoom/leave", async |sockets: Sockets, who: Requester, params: Params| {
        let socket = meant(&who, &params)?;
        sockets.to(socket).sockets_leave(&["funRoom".to_owned()]).await;
        done()
    });
    add(
        r,
        Method::PUT,
        "/awesomeRoom/joinByRoom",
        async |sockets: Sockets, who: Requester, params: Params| {
            let room = meant(&who, &params)?;
            sockets.to(room).sockets_join(&["awesomeRoom".to_owned()]).await;
            done()
        },
    );
    add(
        r,
        Method::PUT,
        "/awesomeRoom/leaveByRoom",
        async |sockets: Sockets, who: Requester, params: Params| {
            let room = meant(&who, &params)?;
            sockets.to(room).sockets_leave(&["awesomeRoom".to_owned()]).await;
            done()
        },
    );
    add(r, Method::POST, "/blast", async |sockets: Sockets, params: Params| {
        let message = json!({"msg": params.text_or("msg", GREETING)});
        sockets.blast(&params.text_or("event", "blasted"), &message).await?;
        done()
    });
    add(r, Method::POST, "/broadcast", async |sockets: Sockets, params: Params| {
        let message = json!({"msg": params.text_or("msg", GREETING)});
        let room = params.text_or("room", "testroom");
        sockets.to(room).emit(&params.text_or("event", "message"), &message).await?;
        done()
    });
    add(r, Method::PUT, "/testroom/joinPlayroom", async |sockets: Sockets| {
        sockets.to("testroom").sockets_join(&["playroom".to_owned()]).await;
        done()
    });
    add(r, Method::PUT, "/testroom/leavePlayroom", async |sockets: Sockets| {
        sockets.to("testroom").sockets_leave(&["playroom".to_owned()]).await;
        done()
    });
    add(r, Method::PUT, "/leaveAllRooms", async |sockets: Sockets| {
        sockets.to("testroom").sockets_leave_all().await;
        done()
    });
}

/// Adds a route that doesn't mind a slash at its end.
fn add<F, Args>(r: &mut Routes, verb: Method, path: &str, action: F)
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    r.route(verb, &format!("{path}{{slash:/?}}"), action);
}

async fn raw_blast(sockets: Sockets, params: Params) -> Result<HttpResponse> {
    sockets.blast(&params.text_or("e", "message"), &params.value("d")).await?;
    done()
}

async fn join(who: Requester) -> Result<HttpResponse> {
    who.socket()?.join("testroom").await?;
    done()
}

/// The parameter `socketId`, else whoever asks.
fn meant(who: &Requester, params: &Params) -> Result<String> {
    match params.text("socketId") {
        Some(id) => Ok(id),
        None => Ok(who.socket()?.id().to_owned()),
    }
}

fn done() -> Result<HttpResponse> {
    Ok(text("OK"))
}
