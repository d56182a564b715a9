//! Support code of the black-box tests.
