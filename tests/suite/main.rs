//! The scaffolded app from outside: what `regatta new` gives a user, alone and as a cluster, in good and bad weather.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed expectation is a failed test; figures are printed"
)]

mod bad_input;
mod behind_a_balancer;
mod binary;
mod bootstrap;
mod chat;
mod client_matrix;
mod cluster_haproxy;
mod cluster_nginx;
mod commands;
mod dead_services;
mod demo;
mod deploy;
mod deployed;
mod dialogue;
mod doctor;
mod faults;
mod hosts;
mod kill;
mod malformed;
mod migrations;
mod mixed_fleet;
mod namespaces;
mod old_clients;
mod openapi;
mod packaging;
mod parent;
mod polling;
mod pressure;
mod production;
mod publishes;
mod refusals;
mod scaffold;
mod security;
mod sessions;
mod single;
mod site;
mod trials;
mod watching;
