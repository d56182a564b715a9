//! What is in a collection: adding, removing and replacing its members.

use std::sync::Arc;

use super::{rows, select};
use crate::Result;
use crate::models::association::{Join, Link};
use crate::models::criteria::Criteria;
use crate::models::filter::{Filter, Test};
use crate::models::input::Assignments;
use crate::models::statement::Clash;
use crate::models::{Change, Db, Schema, Value};
use crate::{Error, models::Auto, models::Timestamp};

/// The collection of one record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'a> {
    pub(crate) schema: &'a Arc<Schema>,
    pub(crate) owner: &'a Value,
    pub(crate) attribute: usize,
}

impl Members<'_> {
    /// Whether the change is one of the collection's owner.
    pub(super) fn is_owner(&self, change: &Change) -> bool {
        Arc::ptr_eq(change.schema(), self.schema) && change.id() == self.owner
    }

    fn link<'a>(&self, db: &'a Db) -> Result<&'a Link> {
        let attribute = self.schema.attribute_at(self.attribute);
        db.link(self.schema, self.attribute).filter(|_| attribute.is_collection()).ok_or_else(|| {
            Error::internal(format!("`{}.{}` is no collection", self.schema.identity(), attribute.name()))
        })
    }
}

/// Puts records into a collection; those that are in it already stay.
///
/// # Errors
/// 409 when one of them does not exist.
pub(crate) async fn add(db: &Db, members: Members<'_>, ids: &[Value], origin: Option<&String>) -> Result<()> {
    change(db, members, ids, &[], origin).await
}

/// Takes records out of a collection; those that are not in it are no mistake.
///
/// # Errors
/// 409 when a member can't be without an owner.
pub(crate) async fn remove(
    db: &Db,
    members: Members<'_>,
    ids: &[Value],
    origin: Option<&String>,
) -> Result<()> {
    change(db, members, &[], ids, origin).await
}

/// Makes exactly these records the members of a collection.
///
/// # Errors
/// As [`add`] and [`remove`].
pub(crate) async fn replace(
    db: &Db,
    members: Members<'_>,
    ids: &[Value],
    origin: Option<&String>,
) -> Result<()> {
    let atomic = db.atomic(members.schema).await?;
    let outcome = put(atomic.db(), members, ids, origin).await;
    if let Ok(changes) = &outcome {
        atomic.db().announce(changes.clone()).await;
    }
    atomic.end(outcome.map(drop)).await
}

async fn change(
    db: &Db,
    members: Members<'_>,
    added: &[Value],
    removed: &[Value],
    origin: Option<&String>,
) -> Result<()> {
    let link = members.link(db)?;
    if let Link::Join(join) = link
        && (added.is_empty() || removed.is_empty())
        && rows::fit_one_statement(&join.join, added.len().max(removed.len()))
    {
        let mut changes = insert(db, members, link, added, origin).await?;
        changes.extend(take_out(db, members, link, removed, origin).await?);
        db.announce(changes).await;
        return Ok(());
    }
    let atomic = db.atomic(members.schema).await?;
    let work = async {
        let mut changes = insert(atomic.db(), members, link, added, origin).await?;
        changes.extend(take_out(atomic.db(), members, link, removed, origin).await?);
        atomic.db().announce(changes).await;
        Ok(())
    };
    let outcome = work.await;
    atomic.end(outcome).await
}

/// Makes exactly these records the members; what is to be told is the answer.
pub(super) async fn put(
    db: &Db,
    members: Members<'_>,
    ids: &[Value],
    origin: Option<&String>,
) -> Result<Vec<Change>> {
    let link = members.link(db)?;
    let current = current(db, members, link).await?;
    let new: Vec<_> = ids.iter().filter(|id| !current.contains(id)).cloned().collect();
    let old: Vec<_> = current.into_iter().filter(|id| !ids.contains(id)).collect();
    let mut changes = insert(db, members, link, &new, origin).await?;
    changes.extend(take_out(db, members, link, &old, origin).await?);
    Ok(changes)
}

/// The primary keys of the members there are.
async fn current(db: &Db, members: Members<'_>, link: &Link) -> Result<Vec<Value>> {
    let (schema, owner, member) = match link {
        Link::Join(join) => (&join.join, join.here, join.there),
        Link::Many { target, via } => (target, *via, target.primary_key_index()),
        Link::One { .. } => return Ok(Vec::new()),
    };
    let mine = Filter::equal(owner, members.owner.clone());
    let criteria = Criteria { select: Some([member].into()), unscoped: true, ..Criteria::of(mine) };
    let rows = select(db, schema, &criteria).await?;
    Ok(rows.iter().map(|row| row.at(member).clone()).collect())
}

async fn insert(
    db: &Db,
    members: Members<'_>,
    link: &Link,
    ids: &[Value],
    origin: Option<&String>,
) -> Result<Vec<Change>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match link {
        Link::Many { target, via } => steal(db, members, target, *via, ids, origin).await,
        Link::Join(join) => {
            let rows = ids.iter().map(|id| joining(join, members.owner, id)).collect();
            let made = rows::insert(db, &join.join, rows, Clash::Skip).await?;
            let made = made.iter().filter_map(|row| row.get(join.there));
            Ok(made.flat_map(|id| both_sides(members, join, id, origin, Change::added)).collect())
        }
        Link::One { .. } => Ok(Vec::new()),
    }
}

/// Makes members refer to the owner, whomever they referred to before.
async fn steal(
    db: &Db,
    members: Members<'_>,
    target: &Arc<Schema>,
    via: usize,
    ids: &[Value],
    origin: Option<&String>,
) -> Result<Vec<Change>> {
    let key = target.primary_key_index();
    let listed = Filter::Compare { attribute: key, test: Test::In(ids.to_vec()) };
    let criteria = Criteria { select: Some([key, via].into()), unscoped: true, ..Criteria::of(listed) };
    let mut previous = select(db, target, &criteria).await?;
    if previous.len() < ids.len() {
        let known: Vec<_> = previous.iter().map(|record| record.id()).collect();
        if let Some(missing) = ids.iter().find(|id| !known.contains(id)) {
            let model = target.identity();
            return Err(Error::conflict(format!("there is no `{model}` with the primary key `{missing}`")));
        }
    }
    previous.retain(|record| record.at(via) != members.owner);
    if previous.is_empty() {
        return Ok(Vec::new());
    }
    let taken = previous.iter().map(|record| record.id().clone()).collect();
    let taken = Filter::Compare { attribute: key, test: Test::In(taken) };
    rows::update(db, target, &taken, touched(target, via, members.owner.clone())).await?;
    let mut changes = Vec::new();
    for record in &previous {
        let id = record.id();
        let before = record.at(via);
        changes.push(members.told(id, origin, Change::added));
        changes.push(Change::linked(target, id.clone(), via, members.owner.clone(), origin));
        if !before.is_null() {
            let attribute = members.attribute;
            changes.push(Change::removed(members.schema, before.clone(), attribute, id.clone(), origin));
        }
    }
    Ok(changes)
}

async fn take_out(
    db: &Db,
    members: Members<'_>,
    link: &Link,
    ids: &[Value],
    origin: Option<&String>,
) -> Result<Vec<Change>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match link {
        Link::Many { target, via } => {
            let key = target.primary_key_index();
            let mine = Filter::Compare { attribute: key, test: Test::In(ids.to_vec()) }
                .and(Filter::equal(*via, members.owner.clone()));
            let freed = rows::update(db, target, &mine, touched(target, *via, Value::Null)).await?;
            let mut changes = Vec::new();
            for id in freed.iter().filter_map(|row| row.get(key)) {
                changes.push(members.told(id, origin, Change::removed));
                changes.push(Change::linked(target, id.clone(), *via, Value::Null, origin));
            }
            Ok(changes)
        }
        Link::Join(join) => {
            let mine = Filter::Compare { attribute: join.there, test: Test::In(ids.to_vec()) }
                .and(Filter::equal(join.here, members.owner.clone()));
            let gone = rows::delete(db, &join.join, &mine).await?;
            let gone = gone.iter().filter_map(|row| row.get(join.there));
            Ok(gone.flat_map(|id| both_sides(members, join, id, origin, Change::removed)).collect())
        }
        Link::One { .. } => Ok(Vec::new()),
    }
}

type Tell = fn(&Arc<Schema>, Value, usize, Value, Option<&String>) -> Change;

impl Members<'_> {
    fn told(&self, member: &Value, origin: Option<&String>, tell: Tell) -> Change {
        tell(self.schema, self.owner.clone(), self.attribute, member.clone(), origin)
    }
}

fn both_sides(
    members: Members<'_>,
    join: &Join,
    member: &Value,
    origin: Option<&String>,
    tell: Tell,
) -> Vec<Change> {
    let mut changes = vec![members.told(member, origin, tell)];
    if let Some(back) = join.back {
        changes.push(tell(&join.target, member.clone(), back, members.owner.clone(), origin));
    }
    changes
}

/// The row that joins a member to its owner; attributes of its own have the values of a record made without them.
fn joining(join: &Join, owner: &Value, member: &Value) -> Assignments {
    let stored = join.join.stored();
    let value = |(place, attribute): (usize, &crate::models::Attribute)| {
        let value = match attribute.automatic() {
            _ if place == join.here => owner.clone(),
            _ if place == join.there => member.clone(),
            Some(Auto::Increment) => return None,
            Some(_) => attribute.automatic_value(Timestamp::now())?,
            None => attribute.base_value(),
        };
        Some((place, value))
    };
    stored.filter_map(value).collect()
}

/// A changed reference, with the moment of the change.
fn touched(schema: &Schema, via: usize, value: Value) -> Assignments {
    let moment = schema.stored().filter(|(_, attribute)| attribute.automatic() == Some(Auto::UpdatedAt));
    let now = Value::Timestamp(Timestamp::now().as_millis());
    [(via, value)].into_iter().chain(moment.map(|(place, _)| (place, now.clone()))).collect()
}
