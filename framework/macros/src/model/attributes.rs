//! What stands in `#[model(…)]` and `#[attr(…)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, Expr, Field, Ident, LitInt, LitStr, Path, Result, Type, parenthesized, token};

use crate::names::camel_case;
use crate::validations::{VALIDATIONS, validation};

/// `#[model(rename_all = "camelCase", table = "messages", identity = "message")]`
#[derive(Default)]
pub(super) struct ModelOptions {
    pub(super) identity: Option<String>,
    pub(super) table: Option<String>,
    pub(super) datastore: Option<String>,
    /// Whether the model implements `Callbacks`.
    pub(super) callbacks: bool,
    /// A function that gives the condition of records that queries see.
    pub(super) default_scope: Option<Path>,
    /// Calls on the schema's builder with the fields they name, such as `index(author, created_at)`.
    pub(super) lists: Vec<(Ident, Vec<Ident>)>,
    camel: bool,
}

/// The keys of `#[model(…)]` that take a list of fields.
const LISTS: [&str; 7] = ["index", "unique", "readable", "writable", "filterable", "sortable", "populatable"];

impl ModelOptions {
    pub(super) fn parse(input: &DeriveInput) -> Result<Self> {
        let mut options = Self::default();
        for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("model")) {
            attr.parse_nested_meta(|meta| options.take(&meta))?;
        }
        Ok(options)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("identity") {
            let identity: LitStr = meta.value()?.parse()?;
            let text = identity.value();
            if text.is_empty()
                || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            {
                return Err(Error::new_spanned(
                    identity,
                    "an identity is lower case letters, digits and `_`",
                ));
            }
            self.identity = Some(text);
        } else if meta.path.is_ident("table") {
            self.table = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("rename_all") {
            let case: LitStr = meta.value()?.parse()?;
            self.camel = match case.value().as_str() {
                "camelCase" => true,
                "snake_case" => false,
                _ => return Err(Error::new_spanned(case, "use \"camelCase\" or \"snake_case\"")),
            };
        } else if meta.path.is_ident("datastore") {
            self.datastore = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("callbacks") {
            self.callbacks = true;
        } else if meta.path.is_ident("default_scope") {
            self.default_scope = Some(meta.value()?.parse()?);
        } else if let Some(list) = meta.path.get_ident().filter(|key| LISTS.iter().any(|list| *key == list)) {
            let content;
            parenthesized!(content in meta.input);
            let names = content.parse_terminated(Ident::parse_any, token::Comma)?;
            self.lists.push((list.clone(), names.into_iter().collect()));
        } else {
            return Err(meta.error(
                "unknown key; use rename_all, table, identity, datastore, callbacks, default_scope, index(…), \
                 unique(…), readable(…), writable(…), filterable(…), sortable(…), populatable(…)",
            ));
        }
        Ok(())
    }

    /// The JSON name of a field.
    pub(super) fn rename(&self, ident: &Ident) -> String {
        let name = ident.unraw().to_string();
        if self.camel { camel_case(&name) } else { name }
    }
}

/// `#[attr(required, max_length = 280)]`
#[derive(Default)]
pub(super) struct FieldOptions {
    pub(super) name: Option<String>,
    pub(super) column: Option<String>,
    pub(super) primary_key: bool,
    pub(super) private: bool,
    /// The other side of a collection.
    pub(super) via: Option<String>,
    /// The model that joins both sides of a collection.
    pub(super) through: Option<String>,
    /// A variant of `Auto`.
    pub(super) auto: Option<Ident>,
    /// Calls on the attribute's builder.
    pub(super) rules: Vec<TokenStream>,
    pub(super) is_collection: bool,
    /// How many digits a decimal has, and how many of them behind the point.
    pub(super) precision: Option<LitInt>,
    pub(super) scale: Option<LitInt>,
    is_model: bool,
}

impl FieldOptions {
    pub(super) fn parse(field: &Field) -> Result<Self> {
        let mut options = Self::default();
        for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("attr")) {
            attr.parse_nested_meta(|meta| options.take(&meta))?;
        }
        options.check(field)?;
        Ok(options)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(key) = meta.path.get_ident().map(ToString::to_string) else {
            return Err(meta.error("unknown key"));
        };
        match key.as_str() {
            "name" => self.name = Some(meta.value()?.parse::<LitStr>()?.value()),
            "column" => self.column = Some(meta.value()?.parse::<LitStr>()?.value()),
            "primary_key" => self.primary_key = true,
            "private" => {
                self.private = true;
                self.rules.push(quote!(.private()));
            }
            "required" | "unique" | "read_only" | "writable" | "not_filterable" | "not_sortable"
            | "not_populatable" | "version" => {
                let call = format_ident!("{key}");
                self.rules.push(quote!(.#call()));
            }
            "default" => {
                let value: Expr = meta.value()?.parse()?;
                self.rules.push(quote!(.default_to(#value)));
            }
            "model" => self.is_model = true,
            "collection" => self.is_collection = true,
            "via" => self.via = Some(meta.value()?.parse::<LitStr>()?.value()),
            "through" => self.through = Some(meta.value()?.parse::<LitStr>()?.value()),
            "on_delete" => self.on_delete(&meta.value()?.parse()?)?,
            "auto_created_at" => self.auto = Some(format_ident!("CreatedAt")),
            "auto_updated_at" => self.auto = Some(format_ident!("UpdatedAt")),
            "auto_increment" => self.auto = Some(format_ident!("Increment")),
            "auto_uuid" => self.auto = Some(format_ident!("Uuid")),
            "precision" => self.precision = Some(meta.value()?.parse()?),
            "scale" => self.scale = Some(meta.value()?.parse()?),
            "column_type" => self.text("column_type", meta)?,
            "description" => self.text("described_as", meta)?,
            "example" => {
                let value: Expr = meta.value()?.parse()?;
                self.rules.push(quote!(.example(#value)));
            }
            key if let Some(validation) = validation(key, meta)? => {
                self.rules.push(quote!(.validate(#validation)));
            }
            _ => {
                return Err(meta.error(format!(
                    "unknown key; use required, unique, default, private, read_only, writable, not_filterable, \
                     not_sortable, not_populatable, version, primary_key, name, column, model, on_delete, \
                     collection, via, through, auto_created_at, auto_updated_at, auto_increment, auto_uuid, precision, \
                     scale, column_type, description, example, {VALIDATIONS}"
                )));
            }
        }
        Ok(())
    }

    fn on_delete(&mut self, action: &LitStr) -> Result<()> {
        let variant = match action.value().as_str() {
            "cascade" => format_ident!("Cascade"),
            "set_null" => format_ident!("SetNull"),
            "restrict" => format_ident!("Restrict"),
            _ => return Err(Error::new_spanned(action, "use \"cascade\", \"set_null\" or \"restrict\"")),
        };
        self.rules.push(quote!(.on_delete(::regatta::models::OnDelete::#variant)));
        Ok(())
    }

    /// A call on the attribute's builder with a text.
    fn text(&mut self, call: &str, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let (call, text) = (format_ident!("{call}"), meta.value()?.parse::<LitStr>()?);
        self.rules.push(quote!(.#call(#text)));
        Ok(())
    }

    /// Says here, at the field, what would otherwise be an error inside generated code.
    fn check(&self, field: &Field) -> Result<()> {
        let is_many = names_type(&field.ty, "Many");
        if is_many != self.is_collection || (self.via.is_some() && !is_many) {
            return Err(Error::new_spanned(
                field,
                "a collection is written `#[attr(collection, via = \"their_attribute\")] things: Many<Thing>`",
            ));
        }
        if self.through.is_some() && self.via.is_none() {
            return Err(Error::new_spanned(
                field,
                "a collection through a model also says by which of its attributes: `via = \"…\"`",
            ));
        }
        if self.precision.is_some() != self.scale.is_some() {
            return Err(Error::new_spanned(
                field,
                "a decimal says both: `#[attr(precision = 12, scale = 2)] price: Decimal`",
            ));
        }
        if self.is_model && !names_type(&field.ty, "Ref") {
            return Err(Error::new_spanned(
                field,
                "a reference is written `#[attr(model)] author: Option<Ref<Person>>`",
            ));
        }
        Ok(())
    }
}

/// Whether the type is `name<…>`, also inside an Option.
fn names_type(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    if last.ident == name {
        return true;
    }
    match &last.arguments {
        syn::PathArguments::AngleBracketed(inner) if last.ident == "Option" => {
            inner.args.iter().any(|arg| matches!(arg, syn::GenericArgument::Type(ty) if names_type(ty, name)))
        }
        _ => false,
    }
}
