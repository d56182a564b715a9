use regatta::prelude::*;

use crate::actions::{account, messages, pages, room};
use crate::models::Message;
use crate::policies;

/// The sitemap. A line written here wins over a blueprint's.
pub fn draw(r: &mut Routes) {
    r.get("/", pages::home);
    r.get("/visits", account::visits);
    r.post("/name", account::choose_name);
    r.post("/message", messages::say).guard(policies::has_name);
    r.post("/room/join", room::join);
    r.blueprints::<Message>().guard_writes(policies::has_name).guard_writes(policies::is_author);
}
