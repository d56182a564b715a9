//! How attributes refer to records of other models.

use std::borrow::Cow;
use std::sync::Arc;

use super::Schema;

/// How an attribute refers to records of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Association {
    /// One record: the attribute holds its primary key.
    Model {
        /// The other model.
        identity: Cow<'static, str>,
    },
    /// Many records; there is no column here.
    Collection {
        /// The other model.
        identity: Cow<'static, str>,
        /// The other side: an attribute of the other model (of the `through` model, if there is one) that refers
        /// back. When that is a collection too, or unset, a table of its own keeps who belongs to whom.
        via: Option<Cow<'static, str>>,
        /// The model whose records join the two sides.
        through: Option<Cow<'static, str>>,
    },
}

/// What becomes of a record when the one it refers to is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The other record can't be removed.
    Restrict,
    /// It refers to nothing.
    SetNull,
    /// It is removed too, by the database: no callback runs and no event is sent for it.
    Cascade,
}

impl Association {
    /// The model referred to.
    pub fn identity(&self) -> &str {
        match self {
            Self::Model { identity } | Self::Collection { identity, .. } => identity,
        }
    }
}

/// An association with both its sides found: what a query needs to follow it.
#[derive(Debug, Clone)]
pub(crate) enum Link {
    /// The column is here.
    One {
        /// The model referred to.
        target: Arc<Schema>,
        /// The collection of `target` that goes back along this reference.
        back: Option<usize>,
    },
    /// The column is there.
    Many {
        /// The model of the members.
        target: Arc<Schema>,
        /// The attribute of `target` that refers to the owner.
        via: usize,
    },
    /// The members are rows of a join model.
    Join(Join),
}

/// A many-to-many association as seen from one side.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    /// The model of the members.
    pub(crate) target: Arc<Schema>,
    /// The model that joins.
    pub(crate) join: Arc<Schema>,
    /// Its attribute that refers to the owner.
    pub(crate) here: usize,
    /// Its attribute that refers to the member.
    pub(crate) there: usize,
    /// The collection of `target` that goes back.
    pub(crate) back: Option<usize>,
}

impl Link {
    pub(crate) fn target(&self) -> &Arc<Schema> {
        match self {
            Self::One { target, .. } | Self::Many { target, .. } => target,
            Self::Join(join) => &join.target,
        }
    }
}
