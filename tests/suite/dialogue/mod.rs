//! Dialogues with the test server in Sails' words: what is expected here is what Sails answers, byte for byte.

mod criteria;
mod doors;
mod errors;
mod events;
mod fixture;
mod frames;
mod lists;
mod members;
mod private;
mod records;
mod refusals;
mod rooms;
mod server;
mod subscriptions;
mod voice;

pub(crate) use server::command;
