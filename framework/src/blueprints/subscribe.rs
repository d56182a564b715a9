//! Who asks over a socket hears of what it got. See Sails' resourceful pubsub.

use futures_util::future::LocalBoxFuture;

use crate::Result;
use crate::models::{Db, Record, Schema};
use crate::sockets::Socket;

/// Subscribes to the records and to what they were populated with; with `watch`, also to new records of the
/// models they were populated from.
pub(super) fn to_records<'a>(
    socket: &'a Socket,
    db: &'a Db,
    records: &'a [Record],
    watch: bool,
) -> LocalBoxFuture<'a, Result<()>> {
    Box::pin(async move {
        for record in records {
            to_record(socket, record).await?;
            for (attribute, populated) in record.all_populated() {
                if watch && let Some(link) = db.link(record.schema(), attribute) {
                    to_model(socket, link.target()).await?;
                }
                for record in populated.records() {
                    to_records(socket, db, std::slice::from_ref(record.as_ref()), watch).await?;
                }
            }
        }
        Ok(())
    })
}

/// Subscribes to new records of the model.
pub(super) async fn to_model(socket: &Socket, schema: &Schema) -> Result<()> {
    socket.join(&schema.class_room()).await
}

/// Subscribes to changes of the record.
pub(super) async fn to_record(socket: &Socket, record: &Record) -> Result<()> {
    socket.join(&record.schema().record_room(record.id())).await
}
