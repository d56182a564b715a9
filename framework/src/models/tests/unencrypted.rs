//! What a build without encryption says.

use std::path::Path;
use std::sync::Arc;

use super::{Db, Recorder, models};
use crate::config::DatastoreConfig;

#[tokio::test]
async fn an_address_that_asks_for_encryption_is_refused_with_what_to_type() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let config = DatastoreConfig::at(&format!("postgres://ann:secret@host/app?sslmode={mode}"));
        let datastores = [("default".to_owned(), &config)];
        let opened = Db::open_at(&datastores, Path::new("/"), 2, models(), Arc::new(Recorder::default()));
        assert_eq!(
            opened.unwrap_err().to_string(),
            format!(
                "`postgres://host/app?sslmode={mode}` asks for an encrypted connection, which this app was built without: \
                 run `cargo add regatta --features tls` and build it again"
            )
        );
    }
}
