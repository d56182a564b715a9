//! Names made of other names.

use syn::Ident;
use syn::ext::IdentExt as _;

/// The identity of a model: its name in lower case, as in Sails.
pub(crate) fn identity_of(ident: &Ident) -> String {
    ident.unraw().to_string().to_lowercase()
}

/// `created_at` as `CREATED_AT`.
pub(crate) fn constant(ident: &Ident) -> Ident {
    Ident::new(&ident.unraw().to_string().to_uppercase(), ident.span())
}

/// `created_at` as `createdAt`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}
