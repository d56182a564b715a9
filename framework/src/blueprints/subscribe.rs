//! Who asks over a socket hears of what it got. See Sails' resourceful pubsub.

use super::Blueprint;
use crate::models::{Populated, Record};
use crate::sockets::Socket;
use crate::Result;

/// Subscribes to the records and to what they were populated with; with `watch`, also to new records of the
/// associated models.
pub(super) async fn to_records(socket: &Socket, records: &[Record], watch: bool) -> Result<()> {
    for record in records {
        to_record(socket, record).await?;
        for populated in record.all_populated() {
            let related: Vec<_> = match populated {
                Populated::One(record) => record.iter().collect(),
                Populated::Many(records) => records.iter().collect(),
            };
            for record in related {
                to_record(socket, record).await?;
                if watch {
                    socket.join(&record.schema().class_room()).await?;
                }
            }
        }
    }
    Ok(())
}

/// Subscribes to new records of the model, where the configuration says so.
pub(super) async fn to_model(socket: &Socket, blueprint: &Blueprint) -> Result<()> {
    if blueprint.config.auto_watch {
        socket.join(&blueprint.schema.class_room()).await?;
    }
    Ok(())
}

async fn to_record(socket: &Socket, record: &Record) -> Result<()> {
    socket.join(&record.schema().record_room(record.id())).await
}
