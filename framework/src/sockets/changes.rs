//! Turns what happened to a model into events for those who watch it.
//! Rooms and payloads are Sails': the class room hears of new records, a record's room of its changes.

use futures_util::future::BoxFuture;

use super::{Broadcast, Sockets};
use crate::models::{Change, ChangeSink, Verb};

impl ChangeSink for Sockets {
    fn publish(&self, change: Change) -> BoxFuture<'static, ()> {
        let sockets = self.clone();
        Box::pin(async move {
            if !change.is_public() {
                return;
            }
            let schema = change.schema().clone();
            let class = schema.class_room();
            let record = schema.record_room(change.id());
            let watched = if change.verb() == Verb::Created { &class } else { &record };
            let to = |room: &str| {
                let broadcast = Broadcast::new(sockets.clone()).to(room);
                match change.origin() {
                    Some(origin) => broadcast.except(origin),
                    None => broadcast,
                }
            };
            if let Err(error) = to(watched).emit(schema.identity(), &change.payload()).await {
                tracing::error!(%error, model = schema.identity(), "a model event could not be written as JSON");
            }
            let everybody = Broadcast::new(sockets.clone()).to(class);
            match change.verb() {
                Verb::Created => everybody.sockets_join(&[record]).await,
                Verb::Destroyed => everybody.sockets_leave(&[record]).await,
                Verb::Updated | Verb::AddedTo | Verb::RemovedFrom => {}
            }
        })
    }
}
