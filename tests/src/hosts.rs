//! Several hosts on this machine: network namespaces with a cable each to one bridge. Root may make them, with `ip` of
//! iproute2.

use std::net::Ipv4Addr;
use std::process::{self, Command};

use crate::scaffold::succeed;

/// Hosts on one network, with this machine as their gateway.
#[derive(Debug)]
pub struct Hosts {
    bridge: String,
    network: u8,
    hosts: Vec<Host>,
}

/// A host: what runs on it has no other way out than its cable.
#[derive(Debug)]
pub struct Host {
    name: String,
    cable: String,
    address: Ipv4Addr,
}

impl Hosts {
    /// So many hosts; nothing where this user may not make any.
    ///
    /// # Panics
    /// When they can be begun and not finished.
    pub fn new(count: u8) -> Option<Self> {
        let number = process::id();
        let network = u8::try_from(number % 250 + 1).expect("less than 251");
        let bridge = format!("rg{number}");
        let begun = Command::new("ip").args(["link", "add", &bridge, "type", "bridge"]).output();
        if !begun.is_ok_and(|begun| begun.status.success()) {
            return None;
        }
        let mut all = Self { bridge, network, hosts: Vec::new() };
        ip(&format!("addr add {}/24 dev {}", all.gateway(), all.bridge));
        ip(&format!("link set {} up", all.bridge));
        for place in 0..count {
            let name = format!("rg{number}-{place}");
            let address = Ipv4Addr::new(10, 222, network, 10 + place);
            let host = Host { cable: format!("{}v{place}", all.bridge), name, address };
            let Host { name, cable, address } = &host;
            ip(&format!("netns add {name}"));
            ip(&format!("link add {cable} type veth peer name eth0 netns {name}"));
            ip(&format!("link set {cable} master {} up", all.bridge));
            ip(&format!("-n {name} addr add {address}/24 dev eth0"));
            ip(&format!("-n {name} link set eth0 up"));
            ip(&format!("-n {name} link set lo up"));
            all.hosts.push(host);
        }
        Some(all)
    }

    /// The address at which the hosts reach this machine.
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 222, self.network, 1)
    }

    /// The hosts.
    pub fn all(&self) -> &[Host] {
        &self.hosts
    }
}

impl Host {
    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The same command, run on the host.
    pub fn command(&self, command: &Command) -> Command {
        let mut there = Command::new("ip");
        there.args(["netns", "exec", &self.name]).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            there.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => there.env(name, value),
                None => there.env_remove(name),
            };
        }
        there
    }

    /// Takes the cable out: whatever is said to the host or by it is lost, and nobody is told.
    pub fn unplug(&self) {
        ip(&format!("link set {} down", self.cable));
    }

    /// Puts it back.
    pub fn plug(&self) {
        ip(&format!("link set {} up", self.cable));
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // What can't be removed is gone already.
        let remove = |words: &[&str]| drop(Command::new("ip").args(words).output());
        for host in &self.hosts {
            remove(&["link", "del", &host.cable]);
            remove(&["netns", "del", &host.name]);
        }
        remove(&["link", "del", &self.bridge]);
    }
}

#[track_caller]
fn ip(words: &str) {
    succeed(Command::new("ip").args(words.split_whitespace()));
}
