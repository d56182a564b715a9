//! A clock of its own for a program, by libfaketime: what it reads as the time of day is wrong, how fast time passes is
//! right. Debian's package `faketime` brings it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The clock of one program.
#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// Gives it to what a command starts; it is right for now. `folder` is where it is kept.
    ///
    /// # Panics
    /// When libfaketime is not installed.
    pub fn of(command: &mut Command, folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock") };
        clock.differ_by(0);
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", &clock.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        clock
    }

    /// From now on it is so many seconds fast, or slow.
    pub fn differ_by(&self, seconds: i64) {
        // Replaced in one step: the program reads it all the time.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{seconds:+}\n")).expect("a clock");
        fs::rename(new, &self.file).expect("a clock");
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut places = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    places.find(|place| place.exists()).expect("libfaketime is missing: apt-get install faketime")
}
