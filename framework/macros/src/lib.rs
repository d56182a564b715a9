//! Derive macros of Regatta. Apps use them through the `regatta` crate.

mod settings;
mod test;

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

/// Runs an async function as a test. Needs the feature `testing`.
#[proc_macro_attribute]
pub fn test(_: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    test::expand(function).unwrap_or_else(syn::Error::into_compile_error).into()
}
