//! `#[derive(Model)]`: a struct becomes a run-time schema with typed access beside it.

mod attributes;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Result, Visibility};

use crate::names::{constant, identity_of};
use attributes::{FieldOptions, ModelOptions};

/// A field with what its attributes say.
struct ModelField<'a> {
    ident: &'a syn::Ident,
    ty: &'a syn::Type,
    vis: &'a Visibility,
    /// The name in JSON.
    json: String,
    options: FieldOptions,
}

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let model = ModelOptions::parse(input)?;
    let fields = fields(input, &model)?;
    let key = primary_key(input, &fields)?;
    let ident = &input.ident;
    let identity = model.identity.clone().unwrap_or_else(|| identity_of(ident));
    let table = model.table.as_ref().map(|table| quote!(.table(#table)));
    let datastore = model.datastore.as_ref().map(|name| quote!(.datastore(#name)));
    let scope = model
        .default_scope
        .as_ref()
        .map(|scope| quote!(.default_scope(::regatta::models::Condition::<#ident>::into_filter(#scope()))));
    let callbacks = model.callbacks.then(|| quote!(.lifecycle(::regatta::models::Typed::<#ident>::new())));
    let lists = lists(&model, &fields)?;
    let attributes = fields.iter().map(|field| field.attribute(std::ptr::eq(field, key)));
    let places = 0..fields.len();
    let names = fields.iter().map(|field| field.ident);
    let constants = fields.iter().enumerate().map(|(place, field)| field.constant(ident, place));
    let readable = model.lists.iter().find(|(list, _)| list == "readable").map(|(_, names)| names);
    let is_shown = |field: &&ModelField<'_>| {
        let is_listed = readable.is_none_or(|names| names.contains(field.ident));
        !field.options.private && (is_listed || std::ptr::eq(*field, key))
    };
    let shown = fields.iter().filter(is_shown).map(|field| {
        let (name, json) = (field.ident, &field.json);
        quote! {
            if ::regatta::models::Field::is_shown(&self.#name) {
                map.serialize_entry(#json, &self.#name)?;
            }
        }
    });
    let (key_name, key_type) = (key.ident, key.ty);

    Ok(quote! {
        impl ::regatta::models::Model for #ident {
            const IDENTITY: &'static str = #identity;
            type Key = #key_type;

            fn schema() -> &'static ::std::sync::Arc<::regatta::models::Schema> {
                static SCHEMA: ::std::sync::LazyLock<::std::sync::Arc<::regatta::models::Schema>> =
                    ::std::sync::LazyLock::new(|| {
                        ::std::sync::Arc::new(
                            ::regatta::models::Schema::builder(#identity)
                                #table #datastore #scope #callbacks #(.attribute(#attributes))* #(#lists)* .build(),
                        )
                    });
                &SCHEMA
            }

            fn from_record(record: ::regatta::models::Record) -> ::regatta::Result<Self> {
                let mut slots = ::regatta::models::Slots::of(record);
                ::core::result::Result::Ok(Self { #(#names: slots.take(#places)?),* })
            }

            fn key(&self) -> Self::Key {
                ::core::clone::Clone::clone(&self.#key_name)
            }
        }

        #[allow(dead_code)]
        impl #ident {
            #(#constants)*
        }

        impl ::regatta::models::serde::Serialize for #ident {
            fn serialize<S>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error>
            where
                S: ::regatta::models::serde::Serializer,
            {
                use ::regatta::models::serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(::core::option::Option::None)?;
                #(#shown)*
                map.end()
            }
        }
    })
}

fn fields<'a>(input: &'a DeriveInput, model: &ModelOptions) -> Result<Vec<ModelField<'a>>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "a Model is a struct with named fields"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "a Model is a struct with named fields"));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a Model has no type parameters: its schema is one"));
    }
    let mut fields = Vec::new();
    for field in &named.named {
        let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a field has a name"))?;
        let options = FieldOptions::parse(field)?;
        let json = options.name.clone().unwrap_or_else(|| model.rename(ident));
        fields.push(ModelField { ident, ty: &field.ty, vis: &field.vis, json, options });
    }
    Ok(fields)
}

/// Calls on the schema's builder, with the fields by their JSON names.
fn lists(model: &ModelOptions, fields: &[ModelField<'_>]) -> Result<Vec<TokenStream>> {
    let list = |(call, names): &(syn::Ident, Vec<syn::Ident>)| {
        let json = names.iter().map(|name| {
            let field = fields.iter().find(|field| field.ident == name);
            field
                .map(|field| &field.json)
                .ok_or_else(|| Error::new_spanned(name, "the model has no such field"))
        });
        let json = json.collect::<Result<Vec<_>>>()?;
        Ok(quote!(.#call([#(#json),*])))
    };
    model.lists.iter().map(list).collect()
}

/// The field marked `#[attr(primary_key)]`, else the one called `id`.
fn primary_key<'a, 'b>(input: &DeriveInput, fields: &'b [ModelField<'a>]) -> Result<&'b ModelField<'a>> {
    let mut marked = fields.iter().filter(|field| field.options.primary_key);
    if let Some(first) = marked.next() {
        return match marked.next() {
            Some(second) => Err(Error::new_spanned(second.ident, "a Model has one primary key")),
            None => Ok(first),
        };
    }
    fields.iter().find(|field| field.ident == "id").ok_or_else(|| {
        Error::new_spanned(
            &input.ident,
            "a Model has a field `pub id: i64`, or one marked #[attr(primary_key)] of type i64, String or Uuid",
        )
    })
}

impl ModelField<'_> {
    /// The expression that builds the attribute.
    fn attribute(&self, is_key: bool) -> TokenStream {
        let (json, ty, options) = (&self.json, self.ty, &self.options);
        if options.is_collection {
            let target = quote!(<#ty as ::regatta::models::Field>::TARGET.unwrap_or_default());
            let attribute = match (&options.via, &options.through) {
                (Some(via), Some(through)) => quote!(collection_through(#json, #target, #through, #via)),
                (Some(via), None) => quote!(collection(#json, #target, #via)),
                (None, _) => quote!(collection_of(#json, #target)),
            };
            let rules = &options.rules;
            return quote!(::regatta::models::Attribute::#attribute #(#rules)*);
        }
        let column = options.column.clone().unwrap_or_else(|| self.json.clone());
        let column = (column != self.json).then(|| quote!(.column(#column)));
        let key = is_key.then(|| quote!(.primary_key()));
        let rules = &options.rules;
        let counts = is_key && is_integer(ty) && options.auto.is_none();
        let auto = counts.then(|| format_ident!("Increment")).or_else(|| options.auto.clone());
        let auto = auto.map(|auto| quote!(.auto(::regatta::models::Auto::#auto)));
        let digits = options.precision.as_ref().zip(options.scale.as_ref());
        let is_decimal = digits.map(|_| {
            quote! {
                const {
                    assert!(
                        matches!(<#ty as ::regatta::models::Field>::KIND, ::regatta::models::Kind::Decimal { .. }),
                        "only a Decimal has `precision` and `scale`"
                    );
                }
            }
        });
        let digits = digits.map(|(precision, scale)| quote!(.decimal(#precision, #scale)));
        quote! {{
            #is_decimal
            ::regatta::models::Attribute::of::<#ty>(#json) #digits #column #key #auto #(#rules)*
        }}
    }

    /// The constant queries name the attribute by.
    fn constant(&self, model: &syn::Ident, place: usize) -> TokenStream {
        let (name, ty, vis) = (constant(self.ident), self.ty, self.vis);
        let doc = format!("The attribute `{}`.", self.json);
        quote! {
            #[doc = #doc]
            #vis const #name: ::regatta::models::Attr<#model, <#ty as ::regatta::models::Field>::Operand> =
                ::regatta::models::Attr::at(#place);
        }
    }
}

fn is_integer(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.is_ident("i64"))
}

#[cfg(test)]
mod tests;
