//! What a build without encryption says.

use tokio::runtime::Handle;

use super::super::Redis;
use crate::config::DatastoreConfig;

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_address_is_refused_with_what_to_type() {
    let refused = Redis::open(&DatastoreConfig::at("rediss://u:secret@host/"), &Handle::current());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`rediss://host/` asks for an encrypted connection, which this app was built without: \
         run `cargo add regatta --features tls` and build it again"
    );
}
