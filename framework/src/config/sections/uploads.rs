use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// `config/uploads.toml`: multipart forms with files.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "uploads")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct UploadsConfig {
    /// The folder of the files while a request is served; what is not saved elsewhere is removed after it.
    #[setting(default = ".tmp/uploads".to_owned())]
    pub folder: String,
    /// The largest file, in bytes.
    #[setting(default = 8_388_608)]
    pub max_file_bytes: u64,
    /// The most bytes of one request, fields and part headers included.
    #[setting(default = 16_777_216)]
    pub max_request_bytes: u64,
    /// The most files of one request.
    #[setting(default = 10)]
    pub max_files: usize,
    /// The most fields that are no files.
    #[setting(default = 100)]
    pub max_fields: usize,
    /// The most bytes of a field that is no file.
    #[setting(default = 65_536)]
    pub max_field_bytes: usize,
    /// How long a client may send nothing before 408.
    #[setting(default = Span::seconds(30))]
    pub idle_timeout: Span,
    /// How long one request's body may take before 408.
    #[setting(default = Span::seconds(300))]
    pub timeout: Span,
}
