//! `{{ nonce() }}`: what a `<script>` or `<style>` written in a page needs to run.

use std::cell::RefCell;

use tera::{Kwargs, State, TeraResult};

use crate::security::Nonce;

thread_local! {
    /// Whether a page is being rendered for an answer, and its nonce once a template asked for it.
    static CURRENT: RefCell<Option<Option<Nonce>>> = const { RefCell::new(None) };
}

/// Runs `render`, which renders a page on this thread: what it made, and the nonce the page has.
pub(super) fn during<T>(render: impl FnOnce() -> T) -> (T, Option<Nonce>) {
    CURRENT.with_borrow_mut(|current| *current = Some(None));
    let made = render();
    (made, CURRENT.with_borrow_mut(Option::take).flatten())
}

/// The function templates call.
pub(super) fn nonce(_: Kwargs, _: &State<'_>) -> TeraResult<String> {
    CURRENT.with_borrow_mut(|current| {
        let nonce = current.as_mut().ok_or_else(|| {
            tera::Error::message("nonce() is there for answers only: use `Views::render` for this template")
        })?;
        if nonce.is_none() {
            *nonce = Some(Nonce::random().map_err(|error| tera::Error::message(error.to_string()))?);
        }
        Ok(nonce.as_ref().map(|nonce| nonce.as_str().to_owned()).unwrap_or_default())
    })
}
