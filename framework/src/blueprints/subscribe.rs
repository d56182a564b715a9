//! Who asks over a socket hears of what it got. See Sails' resourceful pubsub.

use futures_util::future::LocalBoxFuture;

use crate::Result;
use crate::models::{Populated, Record, Schema};
use crate::sockets::Socket;

/// Subscribes to the records and to what they were populated with; with `watch`, also to new records of the
/// associated models.
pub(super) fn to_records<'a>(
    socket: &'a Socket,
    records: &'a [Record],
    watch: bool,
) -> LocalBoxFuture<'a, Result<()>> {
    Box::pin(async move {
        for record in records {
            to_record(socket, record).await?;
            for populated in record.all_populated() {
                let related = match populated {
                    Populated::One(record) => record.as_slice(),
                    Populated::Many(records) => records.as_slice(),
                };
                for record in related {
                    to_records(socket, std::slice::from_ref(record.as_ref()), watch).await?;
                    if watch {
                        to_model(socket, record.schema()).await?;
                    }
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

async fn to_record(socket: &Socket, record: &Record) -> Result<()> {
    socket.join(&record.schema().record_room(record.id())).await
}
