//! What a build that asks no Sentinels says.

use tokio::runtime::Handle;

use super::super::Redis;
use crate::config::DatastoreConfig;

#[tokio::test(flavor = "multi_thread")]
async fn a_named_master_is_refused_with_what_to_type() {
    let mut config = DatastoreConfig::at("redis://:secret@a,b");
    config.master = Some("main".to_owned());
    assert_eq!(
        Redis::open(&config, &Handle::current()).unwrap_err().to_string(),
        "`master = \"main\"` asks the Sentinels at redis://a,b for it, which this app was built without: \
         run `cargo add regatta --features redis-sentinel` and build it again"
    );
}
