//! Reading records.

use std::marker::PhantomData;

use futures_util::stream::{self, Stream, TryStreamExt as _};

use super::{GroupBy, Wanted, resolve, typed};
use crate::models::attr::{Condition, Direction};
use crate::models::criteria::Criteria;
use crate::models::cursor::Cursor;
use crate::models::{Attr, Db, Filter, Model, Value, crud};
use crate::{Error, Result};

/// A query for many records; see [`Model::find`].
#[derive(Debug)]
#[must_use = "nothing is read before `all`, `first`, `count` and their like"]
pub struct Find<M> {
    pub(super) criteria: Criteria,
    pub(super) populate: Vec<Wanted>,
    of: PhantomData<fn() -> M>,
}

/// Some of the records of a query; see [`Find::page`].
#[derive(Debug, Clone)]
pub struct Page<M> {
    /// The records, in the query's order.
    pub records: Vec<M>,
    /// Where the next page begins; nothing when this one is the last.
    pub next: Option<String>,
}

impl<M: Model> Find<M> {
    pub(in crate::models) fn new() -> Self {
        Self { criteria: Criteria::default(), populate: Vec::new(), of: PhantomData }
    }

    /// Only records for which this holds; several conditions all have to hold.
    pub fn filter(mut self, condition: Condition<M>) -> Self {
        self.criteria.filter = self.criteria.filter.and(condition.filter);
        self
    }

    /// Sorted like this; a second order decides among equals.
    pub fn sort(mut self, direction: Direction<M>) -> Self {
        self.criteria.sort.push(direction.sort);
        self
    }

    /// At most `limit` records; all when not called. Of a populated collection: for each owner.
    pub fn limit(mut self, limit: u64) -> Self {
        self.criteria.limit = Some(limit);
        self
    }

    /// Without the first `skip` records.
    pub fn skip(mut self, skip: u64) -> Self {
        self.criteria.skip = skip;
        self
    }

    /// Also records outside the model's default scope.
    pub fn unscoped(mut self) -> Self {
        self.criteria.unscoped = true;
        self
    }

    /// With what the association refers to: one more statement, however many records there are. A path such as
    /// `pets.vets` goes on from there.
    pub fn populate(mut self, path: &str) -> Self {
        self.populate.push(Wanted::all(path));
        self
    }

    /// With those records of the association that `which` asks for.
    ///
    /// ```
    /// # use regatta::models::{Db, Many, Model, Ref};
    /// # #[derive(Debug, Model)] struct Person { id: i64, #[attr(collection, via = "author")] notes: Many<Note> }
    /// # #[derive(Debug, Model)] struct Note { id: i64, #[attr(model)] author: Option<Ref<Person>> }
    /// # async fn example(db: &Db) -> regatta::Result<()> {
    /// let people = Person::find().populate_with("notes", Note::find().sort(Note::ID.desc()).limit(3)).all(db).await?;
    /// # Ok(()) }
    /// ```
    pub fn populate_with<T: Model>(mut self, path: &str, which: Find<T>) -> Self {
        self.populate.push(Wanted::with(path, which.criteria, which.populate));
        self
    }

    /// The records.
    ///
    /// # Errors
    /// 503 when the database is away; 500 for an association the model lacks.
    pub async fn all(self, db: &Db) -> Result<Vec<M>> {
        let criteria = self.resolved(db)?;
        typed(crud::find(db, M::schema(), &criteria).await?)
    }

    /// The first record.
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn first(self, db: &Db) -> Result<Option<M>> {
        Ok(self.limit(1).all(db).await?.pop())
    }

    /// The only record.
    ///
    /// # Errors
    /// 409 when there are several; else as [`Find::all`].
    pub async fn one(self, db: &Db) -> Result<Option<M>> {
        let mut records = self.limit(2).all(db).await?;
        if records.len() > 1 {
            return Err(Error::conflict(format!("more than one record of `{}` fits", M::IDENTITY)));
        }
        Ok(records.pop())
    }

    /// How many records there are, whatever the limit.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn count(self, db: &Db) -> Result<u64> {
        crud::count(db, M::schema(), &self.criteria).await
    }

    /// Whether there is any record.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn exists(self, db: &Db) -> Result<bool> {
        crud::exists(db, M::schema(), &self.criteria).await
    }

    /// Groups of records with the same value of an attribute, to be counted or added up.
    pub fn group_by<V>(self, attribute: Attr<M, V>) -> GroupBy<M> {
        GroupBy::new(self.criteria).and_by(attribute)
    }

    /// The next `size` records behind the cursor `after`, which an earlier page gave; from the start without one.
    /// Pages neither skip nor repeat a record when others come or go between them. Who is handed a cursor can read
    /// in it the last record's values of what is sorted by.
    ///
    /// # Errors
    /// 400 when `after` is no cursor of a query with this order; else as [`Find::all`].
    pub async fn page(self, after: Option<&str>, size: u64, db: &Db) -> Result<Page<M>> {
        let schema = M::schema();
        let mut criteria = self.resolved(db)?;
        if let Some(after) = after {
            let cursor = Cursor::read(schema, &criteria.sort, after)?;
            criteria.filter = criteria.filter.and(cursor.filter(schema, &criteria.sort));
            criteria.skip = 0;
        }
        criteria.limit = Some(size);
        let records = crud::find(db, schema, &criteria).await?;
        let is_full = u64::try_from(records.len()).is_ok_and(|found| found == size && size > 0);
        let next = records.last().filter(|_| is_full).map(|last| Cursor::of(last, &criteria).text());
        Ok(Page { records: typed(records)?, next })
    }

    /// All records one after another, read `batch` at a time (at least 1): for more than fits into memory. Records
    /// that come or go meanwhile are met at most once.
    ///
    /// # Errors
    /// An item can be an error as of [`Find::all`]; it is the last.
    pub fn stream(self, batch: u64, db: &Db) -> impl Stream<Item = Result<M>> + '_ {
        let batch = batch.max(1);
        let first = Batch { base: self.criteria.filter.clone(), criteria: self.resolved(db), read: 0 };
        let batches = stream::try_unfold(Some(first), move |next| async move {
            let Some(Batch { base, criteria, read }) = next else { return Ok(None) };
            let mut criteria = criteria?;
            let whole = criteria.limit;
            let most = whole.map_or(batch, |limit| limit.saturating_sub(read).min(batch));
            let asked = Criteria { limit: Some(most), ..criteria.clone() };
            let records = crud::find(db, M::schema(), &asked).await?;
            let Some(last) = records.last() else { return Ok(None) };
            let behind = Cursor::of(last, &criteria).filter(M::schema(), &criteria.sort);
            criteria.skip = 0;
            criteria.filter = base.clone().and(behind);
            let found = u64::try_from(records.len()).unwrap_or(u64::MAX);
            let next = Batch { base, criteria: Ok(criteria), read: read.saturating_add(found) };
            let records = stream::iter(records.into_iter().map(M::from_record));
            Ok::<_, Error>(Some((records, (found == most).then_some(next))))
        });
        batches.try_flatten()
    }

    fn resolved(&self, db: &Db) -> Result<Criteria> {
        let populate = resolve(db, M::schema(), &self.populate)?;
        Ok(Criteria { populate, ..self.criteria.clone() })
    }
}

/// Where a stream goes on.
struct Batch {
    /// Which records are meant, wherever the stream stands.
    base: Filter,
    criteria: Result<Criteria>,
    read: u64,
}

/// A query for one record; see [`Model::find_one`].
#[derive(Debug)]
#[must_use = "nothing is read before `get`"]
pub struct FindOne<M> {
    id: Value,
    populate: Vec<Wanted>,
    unscoped: bool,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> FindOne<M> {
    pub(in crate::models) fn new(id: Value) -> Self {
        Self { id, populate: Vec::new(), unscoped: false, of: PhantomData }
    }

    /// Also a record outside the model's default scope.
    pub fn unscoped(mut self) -> Self {
        self.unscoped = true;
        self
    }

    /// With what the association refers to; a path such as `pets.vets` goes on from there.
    pub fn populate(mut self, path: &str) -> Self {
        self.populate.push(Wanted::all(path));
        self
    }

    /// With those records of the association that `which` asks for.
    pub fn populate_with<T: Model>(mut self, path: &str, which: Find<T>) -> Self {
        self.populate.push(Wanted::with(path, which.criteria, which.populate));
        self
    }

    /// The record, if it exists.
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn get(self, db: &Db) -> Result<Option<M>> {
        let criteria = Criteria {
            populate: resolve(db, M::schema(), &self.populate)?,
            unscoped: self.unscoped,
            ..Criteria::of(Filter::id(M::schema(), self.id))
        };
        crud::find(db, M::schema(), &criteria).await?.pop().map(M::from_record).transpose()
    }
}
