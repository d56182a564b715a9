//! An attribute of a model: its name, what it holds and the rules for it.

use std::borrow::Cow;

use super::coerce::coerce;
use super::{Association, Field, Kind, OnDelete, Validation, Value};

/// An attribute of a [`Schema`](super::Schema). `#[derive(Model)]` makes one of each field.
///
/// ```
/// use regatta::models::{Attribute, Kind, Validation};
///
/// let body = Attribute::new("body", Kind::Text).required().validate(Validation::MaxLength(280));
/// assert!(body.is_required());
/// ```
#[derive(Debug, Clone)]
pub struct Attribute {
    name: Cow<'static, str>,
    column: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    required: bool,
    unique: bool,
    private: bool,
    pub(super) column_type: Option<Cow<'static, str>>,
    pub(super) description: Option<Cow<'static, str>>,
    pub(super) example: Option<serde_json::Value>,
    /// What clients may set: unset, what the attribute is decides.
    writable: Option<bool>,
    filterable: bool,
    sortable: bool,
    populatable: bool,
    primary_key: bool,
    version: bool,
    on_delete: Option<OnDelete>,
    pub(super) default: Option<Value>,
    pub(super) auto: Option<Auto>,
    validations: Vec<Validation>,
    association: Option<Association>,
}

/// Who sets a value that nobody sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auto {
    /// The database counts up.
    Increment,
    /// The moment the record was made.
    CreatedAt,
    /// The moment the record was last changed.
    UpdatedAt,
    /// A new UUID, which begins with the moment (version 7): new records go to the end of an index.
    Uuid,
}

impl Attribute {
    /// An optional attribute that can't be null: left out, it is empty text, 0, false, or null for JSON.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        let name = name.into();
        Self {
            column: name.clone(),
            name,
            kind,
            nullable: kind == Kind::Json,
            required: false,
            unique: false,
            private: false,
            column_type: None,
            description: None,
            example: None,
            writable: None,
            filterable: true,
            sortable: true,
            populatable: true,
            primary_key: false,
            version: false,
            on_delete: None,
            default: None,
            auto: None,
            validations: Vec::new(),
            association: None,
        }
    }

    /// The attribute that a field of type `F` is.
    pub fn of<F: Field>(name: &'static str) -> Self {
        let mut attribute = Self::new(name, F::KIND);
        attribute.nullable |= F::NULLABLE;
        attribute.validations.extend_from_slice(F::RULES);
        attribute.association = F::TARGET.map(|identity| Association::Model { identity: identity.into() });
        attribute
    }

    /// A reference to one record of the model `identity`, whose primary key is of `kind`. It may be null.
    pub fn model(
        name: impl Into<Cow<'static, str>>,
        identity: impl Into<Cow<'static, str>>,
        kind: Kind,
    ) -> Self {
        let mut attribute = Self::new(name, kind).nullable();
        attribute.association = Some(Association::Model { identity: identity.into() });
        attribute
    }

    /// Every record of the model `identity` whose attribute `via` refers to this one. When `via` is a collection
    /// too, the two sides are many-to-many.
    pub fn collection(
        name: impl Into<Cow<'static, str>>,
        identity: impl Into<Cow<'static, str>>,
        via: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::collects(name, identity, Some(via.into()), None)
    }

    /// Records of the model `identity`, which knows nothing of it.
    pub fn collection_of(name: impl Into<Cow<'static, str>>, identity: impl Into<Cow<'static, str>>) -> Self {
        Self::collects(name, identity, None, None)
    }

    /// Records of the model `identity`, joined by records of the model `through`, whose attribute `via` refers to
    /// this model.
    pub fn collection_through(
        name: impl Into<Cow<'static, str>>,
        identity: impl Into<Cow<'static, str>>,
        through: impl Into<Cow<'static, str>>,
        via: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::collects(name, identity, Some(via.into()), Some(through.into()))
    }

    fn collects(
        name: impl Into<Cow<'static, str>>,
        identity: impl Into<Cow<'static, str>>,
        via: Option<Cow<'static, str>>,
        through: Option<Cow<'static, str>>,
    ) -> Self {
        let mut attribute = Self::new(name, Kind::Json);
        attribute.association = Some(Association::Collection { identity: identity.into(), via, through });
        attribute
    }

    /// The same, of a column with another name.
    pub fn column(mut self, column: impl Into<Cow<'static, str>>) -> Self {
        self.column = column.into();
        self
    }

    /// It has to be there when a record is made, and is never empty text.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It may be null, and is when left out.
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// It is there and never null.
    pub(crate) fn needed(mut self) -> Self {
        (self.nullable, self.required) = (false, true);
        self
    }

    /// No two records have the same value.
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// It never leaves the server: not in JSON, events, filters or sorts, and no client sets it.
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Clients see it but don't set it.
    pub fn read_only(mut self) -> Self {
        self.writable = Some(false);
        self
    }

    /// Clients set it, although it is a primary key or sets itself.
    pub fn writable(mut self) -> Self {
        self.writable = Some(true);
        self
    }

    /// Clients can't filter by it.
    pub fn not_filterable(mut self) -> Self {
        self.filterable = false;
        self
    }

    /// Clients can't sort by it.
    pub fn not_sortable(mut self) -> Self {
        self.sortable = false;
        self
    }

    /// Clients can't populate it.
    pub fn not_populatable(mut self) -> Self {
        self.populatable = false;
        self
    }

    /// A whole number that goes up by one with every change of the record. A change that names the number it
    /// has seen is refused with 409 when the record has changed since: an optimistic lock.
    pub fn version(mut self) -> Self {
        self.version = true;
        self.default = Some(Value::Integer(1));
        self
    }

    /// What becomes of this record when the one it refers to is removed. Unset, a reference that may be null
    /// becomes null, and another one keeps the record it refers to.
    pub fn on_delete(mut self, action: OnDelete) -> Self {
        self.on_delete = Some(action);
        self
    }

    /// It tells records apart. A model has one; without it gets `id`, a number that counts up.
    pub fn primary_key(mut self) -> Self {
        self.primary_key = true;
        self.nullable = false;
        self
    }

    /// Its value when left out.
    #[expect(clippy::cast_precision_loss, reason = "a default someone wrote as a whole number")]
    pub fn default_to(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(match (self.kind, value.into()) {
            (Kind::Decimal { .. }, Value::Integer(number)) => Value::Decimal(number.into()),
            (Kind::Decimal { .. } | Kind::Date | Kind::Uuid | Kind::Bytes, Value::Text(text)) => {
                coerce(self.kind, &text.as_str().into()).unwrap_or(Value::Text(text))
            }
            (Kind::Float, Value::Integer(number)) => Value::Float(number as f64),
            (Kind::Timestamp, Value::Integer(number)) => Value::Timestamp(number),
            (_, value) => value,
        });
        self
    }

    /// Who sets it when nobody sends a value.
    pub fn auto(mut self, auto: Auto) -> Self {
        self.auto = Some(auto);
        self
    }

    /// Adds a rule for its values.
    pub fn validate(mut self, rule: Validation) -> Self {
        self.validations.push(rule);
        self
    }

    /// The name in JSON.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the column.
    pub fn column_name(&self) -> &str {
        &self.column
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// See [`Attribute::nullable`].
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// See [`Attribute::required`].
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// See [`Attribute::unique`].
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// See [`Attribute::private`].
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// See [`Attribute::primary_key`].
    pub fn is_primary_key(&self) -> bool {
        self.primary_key
    }

    /// See [`Attribute::auto`].
    pub fn automatic(&self) -> Option<Auto> {
        self.auto
    }

    /// See [`Attribute::default_to`].
    pub fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// The rules for its values.
    pub fn validations(&self) -> &[Validation] {
        &self.validations
    }

    /// What it refers to.
    pub fn association(&self) -> Option<&Association> {
        self.association.as_ref()
    }

    /// Whether it is a collection: then it has no column.
    pub fn is_collection(&self) -> bool {
        matches!(self.association, Some(Association::Collection { .. }))
    }

    /// Whether a client may set it.
    pub fn is_writable(&self) -> bool {
        !self.private && self.writable.unwrap_or(!(self.primary_key || self.auto.is_some()))
    }

    /// Whether a client may filter by it.
    pub fn is_filterable(&self) -> bool {
        self.filterable && !self.private && !self.is_collection()
    }

    /// Whether a client may sort by it.
    pub fn is_sortable(&self) -> bool {
        self.sortable && !self.private && !self.is_collection()
    }

    /// Whether a client may populate it.
    pub fn is_populatable(&self) -> bool {
        self.populatable && !self.private && self.association.is_some()
    }

    /// See [`Attribute::version`].
    pub fn is_version(&self) -> bool {
        self.version
    }

    /// What the database does when the record it refers to is removed; see [`Attribute::on_delete`].
    pub fn deletion(&self) -> OnDelete {
        self.on_delete.unwrap_or(if self.nullable { OnDelete::SetNull } else { OnDelete::Restrict })
    }

    pub(super) fn iden(&self) -> sea_query::DynIden {
        iden(self.column.clone())
    }
}

/// A name as SQL quotes it.
pub(super) fn iden(name: Cow<'static, str>) -> sea_query::DynIden {
    match name {
        Cow::Borrowed(name) => sea_query::DynIden::from(name),
        Cow::Owned(name) => sea_query::DynIden::from(name),
    }
}
