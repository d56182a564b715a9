//! The app as two instances with a Redis between them.

use app_template::app;
use regatta::prelude::*;
use regatta::testing::TestCluster;

#[regatta::test]
async fn a_message_reaches_the_other_instance() {
    let cluster = TestCluster::start(app(), 2).await;
    let (here, there) = (&cluster[0], &cluster[1]);
    let mut socket = there.socket().await;
    socket.get("/message").await;

    here.post("/name").json(&json!({ "name": "Ada" })).await;
    here.post("/message").json(&json!({ "body": "Ahoy" })).await;

    assert_eq!(socket.next("message").await["data"]["body"], "Ahoy");
}

#[regatta::test]
async fn people_on_both_instances_see_each_other() {
    let cluster = TestCluster::start(app(), 2).await;
    let (here, there) = (&cluster[0], &cluster[1]);
    here.post("/name").json(&json!({ "name": "Ada" })).await;
    there.post("/name").json(&json!({ "name": "Grace" })).await;
    let mut ada = here.socket().await;
    ada.post("/room/join", &json!({})).await;

    let mut grace = there.socket().await;
    let joined = grace.post("/room/join", &json!({})).await;

    assert_eq!(joined["present"].as_array().map(Vec::len), Some(2));
    let event = ada.next("presence").await;
    assert_eq!(event["joins"][0]["meta"]["name"], "Ada");
    let event = ada.next("presence").await;
    assert_eq!(event["joins"][0]["meta"]["name"], "Grace");
}
