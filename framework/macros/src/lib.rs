//! Derive macros of Regatta.
