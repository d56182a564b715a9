//! `#[derive(Settings)]`: one struct is the source of a section's keys, defaults and documentation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Lit, LitStr, Meta, Result};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let fields = named_fields(input)?;
    let section = section_name(input)?;
    let ident = &input.ident;

    let mut keys = Vec::new();
    let mut defaults = Vec::new();
    for field in fields {
        let name = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a setting has a name"))?;
        let doc = doc_text(&field.attrs);
        if doc.is_empty() {
            return Err(Error::new_spanned(
                name,
                "a setting has a doc comment: it is the key's documentation",
            ));
        }
        let key = name.to_string();
        keys.push(quote! { ::regatta::config::Key { name: #key, doc: #doc } });
        let default = default_expr(field)?;
        defaults.push(match default {
            Some(expr) => quote! { #name: #expr },
            None => quote! { #name: ::core::default::Default::default() },
        });
    }

    Ok(quote! {
        impl ::regatta::config::Settings for #ident {
            const SECTION: &'static str = #section;
            const KEYS: &'static [::regatta::config::Key] = &[#(#keys),*];
        }
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                Self { #(#defaults),* }
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            _ => Err(Error::new_spanned(input, "Settings needs a struct with named fields")),
        },
        _ => Err(Error::new_spanned(input, "Settings needs a struct")),
    }
}

fn section_name(input: &DeriveInput) -> Result<String> {
    let mut section = None;
    for attr in input.attrs.iter().filter(|a| a.path().is_ident("settings")) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("section") {
                section = Some(meta.value()?.parse::<LitStr>()?.value());
                return Ok(());
            }
            Err(meta.error("unknown key; write #[settings(section = \"name\")]"))
        })?;
    }
    section.ok_or_else(|| Error::new_spanned(&input.ident, "write #[settings(section = \"name\")]"))
}

fn default_expr(field: &Field) -> Result<Option<Expr>> {
    let mut default = None;
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("setting")) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("default") {
                default = Some(meta.value()?.parse::<Expr>()?);
                return Ok(());
            }
            Err(meta.error("unknown key; write #[setting(default = VALUE)]"))
        })?;
    }
    Ok(default)
}

fn doc_text(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs.iter().filter(|a| a.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attr.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    lines.join(" ").trim().to_owned()
}
