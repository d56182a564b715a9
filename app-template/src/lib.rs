//! The chat app.
