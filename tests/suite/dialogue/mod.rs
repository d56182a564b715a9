//! Dialogues with the test server in Sails' words: what is expected here is what Sails answers, byte for byte.

mod criteria;
mod doors;
mod errors;
mod events;
mod lists;
mod members;
mod records;
mod server;
mod subscriptions;
mod voice;
