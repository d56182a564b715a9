//! `#[derive(Rules)]`: what the fields of an action's inputs must keep, beside their types.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Lit, Meta, Result, token};

use crate::names::camel_case;
use crate::validations::{VALIDATIONS, validation};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let refused = || Error::new_spanned(&input.ident, "Rules are those of a struct with named fields");
    let Data::Struct(data) = &input.data else { return Err(refused()) };
    let Fields::Named(fields) = &data.fields else { return Err(refused()) };
    let is_camel = match serde_key(&input.attrs, "rename_all")?.as_deref() {
        None | Some("snake_case") => false,
        Some("camelCase") => true,
        Some(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "Rules know rename_all = \"camelCase\" and \"snake_case\": write the other names as #[serde(rename = \"…\")]",
            ));
        }
    };
    let mut all = Vec::new();
    for field in &fields.named {
        let rules = rules(field)?;
        if !rules.is_empty() {
            let name = name(field, is_camel)?;
            all.push(quote!((#name, ::std::vec![#(#rules),*])));
        }
    }
    let ident = &input.ident;
    let (generics, parameters, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::regatta::http::Rules for #ident #parameters #bounds {
            fn rules() -> ::std::vec::Vec<(&'static str, ::std::vec::Vec<::regatta::models::Validation>)> {
                ::std::vec![#(#all),*]
            }
        }
    })
}

fn rules(field: &Field) -> Result<Vec<TokenStream>> {
    let mut rules = Vec::new();
    for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("attr")) {
        attr.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let Some(rule) = validation(&key, &meta)? else {
                return Err(meta.error(format!(
                    "unknown rule; use {VALIDATIONS}. Whether a field may be missing is said by its type: Option<…>"
                )));
            };
            rules.push(rule);
            Ok(())
        })?;
    }
    Ok(rules)
}

/// What clients call the field, as serde reads it.
fn name(field: &Field, is_camel: bool) -> Result<String> {
    let own = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    let renamed = serde_key(&field.attrs, "rename")?;
    Ok(renamed.unwrap_or(if is_camel { camel_case(&own) } else { own }))
}

/// The text of `#[serde(key = "…")]`. What else serde is told is none of our business.
fn serde_key(attrs: &[Attribute], key: &str) -> Result<Option<String>> {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        for meta in attr.parse_args_with(Punctuated::<Meta, token::Comma>::parse_terminated)? {
            if let Meta::NameValue(pair) = meta
                && pair.path.is_ident(key)
                && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = pair.value
            {
                return Ok(Some(text.value()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
