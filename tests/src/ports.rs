//! Free TCP ports that no other test of this machine is given at the same time.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::{fs, process};

// Below the kernel's ephemeral range (32768 and up), so that no outgoing connection takes a port between the choice and its use.
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 1_200;
const BLOCK: u16 = 8;

/// Locks of the blocks this test process uses; the kernel frees them with the process.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port nothing listens on.
pub fn free() -> u16 {
    *range(1).start()
}

/// `count` ports in a row (at most 8) nothing listens on, for `lift --ports A-B`.
///
/// # Panics
/// When `count` is 0 or more than 8, or when every block is taken.
pub fn range(count: u16) -> RangeInclusive<u16> {
    assert!((1..=BLOCK).contains(&count), "a block has {BLOCK} ports, asked for {count}");
    // In the machine's temporary folder, not the target folder: two checkouts tested at once share the ports.
    let locks = std::env::temp_dir().join("regatta-tests-ports");
    fs::create_dir_all(&locks).expect("a folder for the locks of ports");
    // Different processes start looking at different places.
    let start = u16::try_from(process::id() % u32::from(BLOCKS)).expect("less than BLOCKS");
    for block in (0..BLOCKS).map(|step| (start + step) % BLOCKS) {
        let Ok(lock) = File::create(locks.join(block.to_string())) else { continue };
        if lock.try_lock().is_err() {
            continue;
        }
        let first = FIRST + block * BLOCK;
        let ports = first..=first + count - 1;
        if ports.clone().all(is_free) {
            HELD.lock().unwrap().push(lock);
            return ports;
        }
    }
    panic!("no free block of {count} ports from {FIRST} on");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}
