//! `#[regatta::test]`: an async test.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result};

pub(crate) fn expand(mut function: ItemFn) -> Result<TokenStream> {
    if function.sig.asyncness.take().is_none() {
        return Err(Error::new_spanned(
            function.sig.fn_token,
            "write `async fn`: the test runs on a runtime",
        ));
    }
    let (attrs, vis, sig, body) = (&function.attrs, &function.vis, &function.sig, &function.block);
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis #sig {
            ::regatta::testing::block_on(async move #body)
        }
    })
}
