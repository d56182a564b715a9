//! Counting, adding up and comparing.

use std::marker::PhantomData;

use super::Find;
use crate::models::aggregate::{Aggregate, Group, aggregate};
use crate::models::criteria::Criteria;
use crate::models::{Attr, Db, Model, Value};
use crate::{Error, Result};

/// Records grouped by the values of attributes; see [`Find::group_by`].
///
/// ```
/// # use regatta::models::{Db, Model};
/// # #[derive(Debug, Model)] struct Sale { id: i64, town: String, amount: i64 }
/// # async fn example(db: &Db) -> regatta::Result<()> {
/// for group in Sale::find().group_by(Sale::TOWN).count().sum(Sale::AMOUNT).all(db).await? {
///     println!("{}: {} sales of {}", group.key[0], group.values[0], group.values[1]);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is read before `all`"]
pub struct GroupBy<M> {
    criteria: Criteria,
    group: Vec<usize>,
    aggregates: Vec<Aggregate>,
    of: PhantomData<fn() -> M>,
}

impl<M: Model> GroupBy<M> {
    pub(super) fn new(criteria: Criteria) -> Self {
        Self { criteria, group: Vec::new(), aggregates: Vec::new(), of: PhantomData }
    }

    /// And by the values of this attribute.
    pub fn and_by<V>(mut self, attribute: Attr<M, V>) -> Self {
        self.group.push(attribute.place());
        self
    }

    /// With how many records a group has.
    pub fn count(self) -> Self {
        self.with(Aggregate::Count)
    }

    /// With the sum of an attribute.
    pub fn sum<V>(self, attribute: Attr<M, V>) -> Self {
        self.with(Aggregate::Sum(attribute.place()))
    }

    /// With the average of an attribute.
    pub fn avg<V>(self, attribute: Attr<M, V>) -> Self {
        self.with(Aggregate::Average(attribute.place()))
    }

    /// With the least value of an attribute.
    pub fn min<V>(self, attribute: Attr<M, V>) -> Self {
        self.with(Aggregate::Least(attribute.place()))
    }

    /// With the greatest value of an attribute.
    pub fn max<V>(self, attribute: Attr<M, V>) -> Self {
        self.with(Aggregate::Greatest(attribute.place()))
    }

    fn with(mut self, aggregate: Aggregate) -> Self {
        self.aggregates.push(aggregate);
        self
    }

    /// The groups, in the order of their keys.
    ///
    /// # Errors
    /// 503 when the database is away; 500 when an attribute can't be added up.
    pub async fn all(self, db: &Db) -> Result<Vec<Group>> {
        let filter = self.criteria.scoped_filter(M::schema());
        aggregate(db, M::schema(), &filter, &self.group, &self.aggregates).await
    }
}

impl<M: Model> Find<M> {
    /// The sum of an attribute; 0 when there is nothing to add.
    ///
    /// # Errors
    /// 503 when the database is away; 500 when the sum does not fit.
    pub async fn sum<V>(self, attribute: Attr<M, V>, db: &Db) -> Result<V>
    where
        V: TryFrom<Value, Error = Error> + Default,
    {
        Ok(self.single(Aggregate::Sum(attribute.place()), db).await?.unwrap_or_default())
    }

    /// The average of an attribute; nothing when there is none.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn avg<V>(self, attribute: Attr<M, V>, db: &Db) -> Result<Option<f64>> {
        self.single(Aggregate::Average(attribute.place()), db).await
    }

    /// The least value of an attribute.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn min<V: TryFrom<Value, Error = Error>>(
        self,
        attribute: Attr<M, V>,
        db: &Db,
    ) -> Result<Option<V>> {
        self.single(Aggregate::Least(attribute.place()), db).await
    }

    /// The greatest value of an attribute.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn max<V: TryFrom<Value, Error = Error>>(
        self,
        attribute: Attr<M, V>,
        db: &Db,
    ) -> Result<Option<V>> {
        self.single(Aggregate::Greatest(attribute.place()), db).await
    }

    async fn single<V: TryFrom<Value, Error = Error>>(self, asked: Aggregate, db: &Db) -> Result<Option<V>> {
        let filter = self.criteria.scoped_filter(M::schema());
        let groups = aggregate(db, M::schema(), &filter, &[], &[asked]).await?;
        let value = groups.into_iter().next().and_then(|mut group| group.values.pop());
        value.filter(|value| !value.is_null()).map(V::try_from).transpose()
    }
}
