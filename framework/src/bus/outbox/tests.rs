use super::super::Reply;
use super::{Message, Number, Outbox};

fn message(n: usize) -> Message {
    let namespace = n.to_string();
    Message::Disconnect { namespace, rooms: vec![], except: vec![], close: true }
}

async fn waiting(outbox: &Outbox) -> Vec<String> {
    let batch = outbox.batch(100, usize::MAX).await;
    let number = |message: &Message| match message {
        Message::Disconnect { namespace, .. } => namespace.clone(),
        _ => unreachable!(),
    };
    batch.messages.iter().map(|waiting| number(&waiting.message)).collect()
}

#[tokio::test]
async fn messages_stay_in_order_until_delivered() {
    let outbox = Outbox::new(10, 2);
    (0..5).for_each(|n| assert_eq!(outbox.push(message(n), Some(0)), 0));
    let batch = outbox.batch(3, usize::MAX).await;
    assert_eq!(batch.messages.len(), 3);
    assert_eq!(waiting(&outbox).await, ["0", "1", "2", "3", "4"]);
    outbox.delivered(batch.end);
    assert_eq!(waiting(&outbox).await, ["3", "4"]);
}

#[tokio::test]
async fn the_oldest_go_when_it_is_full() {
    let outbox = Outbox::new(2, 2);
    let batch = {
        outbox.push(message(0), Some(0));
        outbox.batch(10, usize::MAX).await
    };
    assert_eq!((1..5).map(|n| outbox.push(message(n), Some(0))).sum::<u64>(), 3);
    outbox.delivered(batch.end);
    assert_eq!(
        waiting(&outbox).await,
        ["3", "4"],
        "what was under way went first and is not taken out twice"
    );
}

#[tokio::test]
async fn a_batch_is_bounded_in_bytes_but_never_empty() {
    let outbox = Outbox::new(10, 2);
    (0..3).for_each(|n| assert_eq!(outbox.push(message(n), Some(0)), 0));
    assert_eq!(outbox.batch(10, 1).await.messages.len(), 1);
    assert_eq!(outbox.batch(10, 2 * message(0).weight()).await.messages.len(), 2);
}

#[tokio::test]
async fn whoever_waits_for_it_to_be_empty_is_told() {
    let outbox = Outbox::new(10, 2);
    outbox.flushed().await;
    outbox.push(message(0), Some(0));
    let end = outbox.batch(10, usize::MAX).await.end;
    let emptied = async { outbox.flushed().await };
    let delivered = async { outbox.delivered(end) };
    futures_util::future::join(emptied, delivered).await;
    assert_eq!(outbox.len(), 0);
}

#[tokio::test]
async fn each_namespace_has_its_numbers_what_had_to_go_leaves_a_gap_and_answers_have_none() {
    let outbox = Outbox::new(4, 2);
    let (namespace, id) = ("/".to_owned(), "abcdef".to_owned());
    outbox.push(message(0), Some(0));
    outbox.push(Message::Reply { namespace, id, reply: Reply::Clients(1) }, Some(0));
    outbox.push(message(1), None);
    outbox.push(message(2), Some(1));
    assert_eq!(outbox.push(message(3), Some(0)), 1);
    let batch = outbox.batch(10, usize::MAX).await;
    let numbers: Vec<_> = batch.messages.iter().map(|waiting| waiting.number).collect();
    let number = |namespace, n| Some(Number { namespace, n });
    assert_eq!((outbox.gone(), numbers), (vec![1, 0], vec![None, None, number(1, 1), number(0, 2)]));
    outbox.delivered(batch.end);
    assert_eq!(outbox.gone(), [2, 1]);
}
