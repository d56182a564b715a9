//! Derive macros of Regatta. Apps use them through the `regatta` crate.

mod model;
mod names;
mod rules;
mod settings;
mod test;
mod validations;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Derives `regatta::config::Settings` and `Default` for one section of the configuration.
///
/// Each field's doc comment becomes the documentation of its key; `#[setting(default = EXPR)]` gives the
/// value of a key that no file names (the type's own `Default` otherwise).
#[proc_macro_derive(Settings, attributes(settings, setting))]
pub fn derive_settings(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    settings::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Derives `regatta::models::Model` and `serde::Serialize` for a struct with named fields.
///
/// On the struct `#[model(rename_all = "camelCase", table = "…", identity = "…")]`; on a field `#[attr(…)]`
/// with `required`, `unique`, `default = …`, `private`, `read_only`, `primary_key`, `name = "…"`,
/// `column = "…"`, `model`, `collection, via = "…"`, `auto_created_at`, `auto_updated_at`, and the
/// validations `max_length`, `min_length`, `max`, `min`, `is_in`, `is_not_in`, `is_not_empty`, `is_email`,
/// `is_url`, `is_ip`, `is_uuid`.
#[proc_macro_derive(Model, attributes(model, attr))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    model::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Derives `regatta::http::Rules`, which `Valid` checks, for a struct with named fields.
///
/// The rules of a field are written as a model's: `#[attr(min_length = 2, max_length = 40)]`, with `max_length`,
/// `min_length`, `max`, `min`, `is_in`, `is_not_in`, `is_after`, `is_before`, `is_boolean`, `is_number`, `is_integer`,
/// `is_string`, `is_not_empty`, `is_email`, `is_url`, `is_ip`, `is_uuid`, `is_hex_color`, `is_credit_card`, `regex`,
/// `custom`. Clients' names are those of `#[serde(rename_all = "camelCase")]` and `#[serde(rename = "…")]`.
#[proc_macro_derive(Rules, attributes(attr))]
pub fn derive_rules(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    rules::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Runs an async function as a test. Needs the feature `testing`.
#[proc_macro_attribute]
pub fn test(_: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    test::expand(function).unwrap_or_else(syn::Error::into_compile_error).into()
}
