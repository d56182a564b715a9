//! `Message::BODY.contains("x")`: conditions and orders the compiler checks.

use std::fmt;
use std::marker::PhantomData;

use super::criteria::Sort;
use super::filter::{Filter, Test};
use super::{Model, Value};

/// An attribute of the model `M` that is compared with a `V`; `#[derive(Model)]` makes a constant of each field.
pub struct Attr<M, V> {
    index: usize,
    of: PhantomData<fn() -> (M, V)>,
}

/// Which records of `M` are meant.
pub struct Condition<M> {
    pub(super) filter: Filter,
    of: PhantomData<fn() -> M>,
}

/// The order of records of `M`.
pub struct Direction<M> {
    pub(super) sort: Sort,
    of: PhantomData<fn() -> M>,
}

impl<M: Model, V> Attr<M, V> {
    #[doc(hidden)]
    pub const fn at(index: usize) -> Self {
        Self { index, of: PhantomData }
    }

    /// The attribute's place in the schema.
    pub(super) fn place(self) -> usize {
        self.index
    }

    fn test(self, test: Test) -> Condition<M> {
        Condition::new(Filter::Compare { attribute: self.index, test })
    }

    /// It is null.
    pub fn is_null(self) -> Condition<M> {
        self.test(Test::Equal(Value::Null))
    }

    /// It is not null.
    pub fn is_not_null(self) -> Condition<M> {
        self.test(Test::NotEqual(Value::Null))
    }

    /// Least first, null before everything.
    pub fn asc(self) -> Direction<M> {
        Direction { sort: Sort { attribute: self.index, descending: false }, of: PhantomData }
    }

    /// Greatest first.
    pub fn desc(self) -> Direction<M> {
        Direction { sort: Sort { attribute: self.index, descending: true }, of: PhantomData }
    }
}

impl<M: Model, V: Into<Value>> Attr<M, V> {
    /// It is `value`.
    pub fn eq(self, value: impl Into<V>) -> Condition<M> {
        self.test(Test::Equal(value.into().into()))
    }

    /// It is something else than `value`, and not null.
    pub fn ne(self, value: impl Into<V>) -> Condition<M> {
        self.test(Test::NotEqual(value.into().into()))
    }

    /// It is less than `value`.
    pub fn lt(self, value: impl Into<V>) -> Condition<M> {
        self.test(Test::Less(value.into().into()))
    }

    /// It is `value` or less.
    pub fn le(self, value: impl Into<V>) -> Condition<M> {
        self.test(Test::LessOrEqual(value.into().into()))
    }

    /// It is greater than `value`.
    pub fn gt(self, value: impl Into<V>) -> Condition<M> {
        self.test(Test::Greater(value.into().into()))
    }

    /// It is `value` or greater.
    pub fn ge(self, value: impl Into<V>) -> Condition<M> {
        self.test(Test::GreaterOrEqual(value.into().into()))
    }

    /// It is one of `values`.
    pub fn is_in<T: Into<V>>(self, values: impl IntoIterator<Item = T>) -> Condition<M> {
        self.test(Test::In(values.into_iter().map(|value| value.into().into()).collect()))
    }

    /// It is none of `values`, and not null.
    pub fn is_not_in<T: Into<V>>(self, values: impl IntoIterator<Item = T>) -> Condition<M> {
        self.test(Test::NotIn(values.into_iter().map(|value| value.into().into()).collect()))
    }
}

impl<M: Model> Attr<M, String> {
    /// The text has `part` in it; case counts.
    pub fn contains(self, part: impl Into<String>) -> Condition<M> {
        self.test(Test::Contains(part.into()))
    }

    /// The text begins with `part`; case counts.
    pub fn starts_with(self, part: impl Into<String>) -> Condition<M> {
        self.test(Test::StartsWith(part.into()))
    }

    /// The text ends with `part`; case counts.
    pub fn ends_with(self, part: impl Into<String>) -> Condition<M> {
        self.test(Test::EndsWith(part.into()))
    }

    /// The text fits `pattern`: `%` is any text, `_` any character, `\` makes the next one plain.
    pub fn like(self, pattern: impl Into<String>) -> Condition<M> {
        self.test(Test::Like(pattern.into()))
    }
}

impl<M> Condition<M> {
    fn new(filter: Filter) -> Self {
        Self { filter, of: PhantomData }
    }

    /// The condition as a filter of records known by their schema.
    pub fn into_filter(self) -> Filter {
        self.filter
    }

    /// Both hold.
    pub fn and(self, other: Self) -> Self {
        Self::new(self.filter.and(other.filter))
    }

    /// One of both holds.
    pub fn or(self, other: Self) -> Self {
        Self::new(self.filter.or(other.filter))
    }
}

impl<M> std::ops::Not for Condition<M> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Filter::Not(Box::new(self.filter)))
    }
}

impl<M, V> Clone for Attr<M, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, V> Copy for Attr<M, V> {}

impl<M, V> fmt::Debug for Attr<M, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attr").field("index", &self.index).finish()
    }
}

impl<M> fmt::Debug for Condition<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

impl<M> fmt::Debug for Direction<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sort.fmt(f)
    }
}
