//! The validations of an attribute or an input, as they are written in `#[attr(…)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::meta::ParseNestedMeta;
use syn::{Expr, LitFloat, LitInt, LitStr, Path, Result, bracketed, token};

/// The keys, for whoever wrote another one.
pub(crate) const VALIDATIONS: &str = "max_length, min_length, max, min, is_in, is_not_in, is_after, is_before, \
     is_boolean, is_number, is_integer, is_string, is_not_empty, is_email, is_url, is_ip, is_uuid, is_hex_color, \
     is_credit_card, regex, custom";

/// The expression of the validation with this key; nothing for another key.
pub(crate) fn validation(key: &str, meta: &ParseNestedMeta<'_>) -> Result<Option<TokenStream>> {
    let rule = match key {
        "is_boolean" => quote!(IsBoolean),
        "is_number" => quote!(IsNumber),
        "is_integer" => quote!(IsInteger),
        "is_string" => quote!(IsString),
        "is_hex_color" => quote!(IsHexColor),
        "is_credit_card" => quote!(IsCreditCard),
        "is_not_empty" => quote!(IsNotEmpty),
        "is_email" => quote!(IsEmail),
        "is_url" => quote!(IsUrl),
        "is_ip" => quote!(IsIp),
        "is_uuid" => quote!(IsUuid),
        "max_length" => length("MaxLength", meta)?,
        "min_length" => length("MinLength", meta)?,
        "max" => number("Max", meta)?,
        "min" => number("Min", meta)?,
        "is_in" => list("IsIn", meta)?,
        "is_not_in" => list("IsNotIn", meta)?,
        "regex" | "is_after" | "is_before" => {
            let (call, text) = (format_ident!("{key}"), meta.value()?.parse::<LitStr>()?);
            quote!(#call(#text))
        }
        "custom" => {
            let check: Path = meta.value()?.parse()?;
            quote!(custom(#check))
        }
        _ => return Ok(None),
    };
    Ok(Some(quote!(::regatta::models::Validation::#rule)))
}

fn length(rule: &str, meta: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let (rule, value) = (format_ident!("{rule}"), meta.value()?.parse::<LitInt>()?);
    Ok(quote!(#rule(#value)))
}

fn number(rule: &str, meta: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let rule = format_ident!("{rule}");
    let stream = meta.value()?;
    let minus = stream.parse::<Option<token::Minus>>()?;
    let number: f64 = if stream.peek(LitFloat) {
        stream.parse::<LitFloat>()?.base10_parse()?
    } else {
        stream.parse::<LitInt>()?.base10_parse()?
    };
    let number = if minus.is_some() { -number } else { number };
    Ok(quote!(#rule(#number)))
}

fn list(rule: &str, meta: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let rule = format_ident!("{rule}");
    let content;
    let stream = meta.value()?;
    bracketed!(content in stream);
    let list = content.parse_terminated(<Expr as syn::parse::Parse>::parse, token::Comma)?;
    let list = list.iter();
    Ok(quote!(#rule(::std::vec![#(::regatta::models::Value::from(#list)),*])))
}
