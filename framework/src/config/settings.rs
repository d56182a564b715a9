//! What a section's struct tells about itself.

/// One section of the configuration; derive it with `#[derive(Settings)]`.
pub trait Settings: Default {
    /// The section's name: `sockets` for `config/sockets.toml` and `REGATTA__SOCKETS__…`.
    const SECTION: &'static str;
    /// The section's keys in the order of the struct.
    const KEYS: &'static [Key];
}

/// A key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As written in the file.
    pub name: &'static str,
    /// What it does, with units and bounds.
    pub doc: &'static str,
}
