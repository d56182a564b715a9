//! Derive macros of Regatta. Apps use them through the `regatta` crate.

mod settings;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `regatta::config::Settings` and `Default` for one section of the configuration.
///
/// Each field's doc comment becomes the documentation of its key; `#[setting(default = EXPR)]` gives the
/// value of a key that no file names (the type's own `Default` otherwise).
#[proc_macro_derive(Settings, attributes(settings, setting))]
pub fn derive_settings(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    settings::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
