//! What holds for the parts of the protocol together: they read what they write, understand each other with the
//! JavaScript libraries, and stand whatever arrives.

mod codecs;
mod corpus;
mod fuzz;
mod javascript;
mod random;
mod round_trips;

use super::engine::Engine;

#[test]
fn engine_packets_have_one_type_character() {
    assert_eq!(Engine::parse("2probe"), Ok(Engine::Ping("probe")));
    assert_eq!(Engine::parse("4hello"), Ok(Engine::Message("hello")));
    for wrong in ["", "0{}", "7", "x", "é"] {
        assert!(Engine::parse(wrong).is_err(), "{wrong:?}");
    }
}
