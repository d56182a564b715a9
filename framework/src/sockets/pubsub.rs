//! Records as rooms: who hears of which records. Sails' resourceful pubsub
//! (<https://sailsjs.com/documentation/reference/web-sockets/resourceful-pub-sub>).

use serde::Serialize;

use super::{Socket, Sockets};
use crate::Result;
use crate::models::{Model, Value};

impl Sockets {
    /// Emits an event with the model's name to those who watch the records `ids`, one for each record; `except` is
    /// the id of a socket that does not hear of it.
    ///
    /// ```no_run
    /// # use regatta::prelude::*;
    /// # #[derive(Debug, Model)] struct Person { id: i64 }
    /// # async fn example(sockets: Sockets, who: Requester) -> Result<()> {
    /// sockets.publish::<Person>([1], &json!({"verb": "published", "greeting": "hello"}), who.id()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When `data` can't be written as JSON.
    pub async fn publish<M: Model>(
        &self,
        ids: impl IntoIterator<Item = impl Into<M::Key>>,
        data: &impl Serialize,
        except: Option<&str>,
    ) -> Result<()> {
        for id in ids {
            let to = self.to(room::<M>(id));
            let to = except.into_iter().fold(to, |to, socket| to.except(socket));
            to.emit(M::IDENTITY, data).await?;
        }
        Ok(())
    }
}

impl Socket {
    /// Hears of changes of the records `ids` from now on.
    ///
    /// # Errors
    /// 400 when the socket would be in more rooms than it may.
    pub async fn subscribe<M: Model>(&self, ids: impl IntoIterator<Item = impl Into<M::Key>>) -> Result<()> {
        for id in ids {
            self.join(&room::<M>(id)).await?;
        }
        Ok(())
    }

    /// Hears no more of changes of the records `ids`.
    ///
    /// # Errors
    /// As [`Socket::leave`].
    pub async fn unsubscribe<M: Model>(
        &self,
        ids: impl IntoIterator<Item = impl Into<M::Key>>,
    ) -> Result<()> {
        for id in ids {
            self.leave(&room::<M>(id)).await?;
        }
        Ok(())
    }

    /// Hears of new records of the model from now on, and of what becomes of them.
    ///
    /// # Errors
    /// As [`Socket::subscribe`].
    pub async fn watch<M: Model>(&self) -> Result<()> {
        self.join(&M::schema().class_room()).await
    }

    /// Hears no more of new records of the model.
    ///
    /// # Errors
    /// As [`Socket::unsubscribe`].
    pub async fn unwatch<M: Model>(&self) -> Result<()> {
        self.leave(&M::schema().class_room()).await
    }
}

fn room<M: Model>(id: impl Into<M::Key>) -> String {
    let id: Value = id.into().into();
    M::schema().record_room(&id)
}
