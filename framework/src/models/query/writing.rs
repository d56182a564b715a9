//! What every write can be told.

use super::{Wanted, resolve};
use crate::Result;
use crate::models::crud::Write;
use crate::models::{Db, Schema};

#[derive(Debug, Default)]
pub(super) struct Writing {
    pub(super) populate: Vec<Wanted>,
    pub(super) origin: Option<String>,
    pub(super) unscoped: bool,
}

impl Writing {
    pub(super) fn write(self, db: &Db, schema: &Schema) -> Result<Write> {
        Ok(Write {
            populate: resolve(db, schema, &self.populate)?,
            origin: self.origin,
            unscoped: self.unscoped,
            ..Write::default()
        })
    }
}

macro_rules! writing {
    () => {
        /// With what the association refers to, in the answer and in the event; a path such as `pets.vets` goes on
        /// from there.
        pub fn populate(mut self, path: &str) -> Self {
            self.writing.populate.push($crate::models::query::Wanted::all(path));
            self
        }

        /// The id of the socket that caused it: the event goes to everyone else.
        pub fn origin<'a>(mut self, socket: impl Into<Option<&'a str>>) -> Self {
            self.writing.origin = socket.into().map(str::to_owned);
            self
        }

        /// Also records outside the model's default scope.
        pub fn unscoped(mut self) -> Self {
            self.writing.unscoped = true;
            self
        }
    };
}

pub(super) use writing;
