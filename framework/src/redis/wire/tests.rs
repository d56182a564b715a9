//! Replies, pipelines and channels against the `redis` crate and a real server.

use std::time::Duration;

use redis::{Client, IntoConnectionInfo, Value, cmd};
use tokio::time::timeout;

use super::resp::{Extent, extent, texts, value};
use super::{Line, listen};
use crate::redis::RedisServer;

const SOON: Duration = Duration::from_secs(5);

/// Numbers without an order anybody sees, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn reply(&mut self, depth: u32) -> Vec<u8> {
        let kinds = if depth == 4 { 6 } else { 8 };
        match self.below(kinds) {
            0 => b"+OK\r\n".to_vec(),
            1 => b"+QUEUED\r\n".to_vec(),
            2 => b"-WRONGTYPE this is no list\r\n".to_vec(),
            3 => format!(":{}\r\n", self.below(1 << 30) as i64 - (1 << 29)).into_bytes(),
            4 => b"$-1\r\n".to_vec(),
            5 => {
                let text: Vec<u8> = (0..self.below(40)).map(|_| self.below(256) as u8).collect();
                [format!("${}\r\n", text.len()).as_bytes(), &text, b"\r\n"].concat()
            }
            6 => b"*-1\r\n".to_vec(),
            _ => {
                let values: Vec<_> = (0..self.below(5)).map(|_| self.reply(depth + 1)).collect();
                [format!("*{}\r\n", values.len()).into_bytes(), values.concat()].concat()
            }
        }
    }
}

#[test]
fn a_reply_is_read_as_the_library_reads_it() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let reply = random.reply(0);
        assert_eq!(extent(&reply).unwrap(), Extent::Whole(reply.len()));
        assert_eq!(value(&reply).unwrap(), redis::parse_redis_value(&reply).unwrap());
        let followed = [&reply[..], b"+more"].concat();
        assert_eq!(extent(&followed).unwrap(), Extent::Whole(reply.len()));
        let cut = random.below(reply.len() as u64) as usize;
        match extent(&reply[..cut]).unwrap() {
            Extent::AtLeast(bytes) => assert!(cut < bytes && bytes <= reply.len(), "{reply:?} {cut} {bytes}"),
            Extent::Whole(end) => panic!("{reply:?} does not end at {end}"),
        }
    }
}

#[test]
fn what_is_no_reply_is_an_error_and_takes_no_memory() {
    let deep = "*1\r\n".repeat(100_000) + ":1\r\n";
    assert!(value(deep.as_bytes()).is_err());
    for wrong in [
        "HTTP/1.1 400 Bad Request\r\n",
        "$5\r\nhello!!",
        "$-2\r\n",
        "$99999999999\r\n",
        "*999999999\r\n",
        ":\r\n",
        ":1x\r\n",
        "+a\rb\r\n",
        "%1\r\n",
        "*2\r\n*16777216\r\n",
    ] {
        assert!(
            extent(wrong.as_bytes())
                .and_then(|_| value(wrong.as_bytes()).map_err(std::io::Error::other))
                .is_err()
        );
    }
    assert!(extent(&[b'+'; 70_000]).is_err(), "a line without an end");
    assert_eq!(extent(b"").unwrap(), Extent::AtLeast(1));
    let mut random = Random(11);
    for _ in 0..50_000 {
        let mut reply = random.reply(0);
        let place = random.below(reply.len() as u64) as usize;
        reply[place] = random.below(256) as u8;
        if let Ok(Extent::Whole(end)) = extent(&reply) {
            // Neither may panic.
            let _ = (value(&reply[..end]), texts::<4>(&reply[..end]));
        }
    }
}

fn client(url: &str) -> Client {
    Client::open(url.into_connection_info().unwrap()).unwrap()
}

async fn line(url: &str) -> Line {
    Line::open(&client(url), || {}).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_ask_at_once_and_each_gets_its_own_reply() {
    let server = RedisServer::start().unwrap();
    let line = line(&server.url()).await;
    let asking = (0..200_usize).map(|n| {
        let mut line = line.clone();
        tokio::spawn(async move {
            let key = format!("key {n}");
            // Longer than what is read at once, and empty.
            let text = "é".repeat(n * n);
            let mut both = redis::pipe();
            both.cmd("SET").arg(&key).arg(&text).ignore().cmd("GET").arg(&key);
            assert_eq!(both.query_async::<(String,)>(&mut line).await.unwrap(), (text,));
            let mut block = redis::pipe();
            block.atomic().cmd("RPUSH").arg(format!("list {n}")).arg(n).cmd("LLEN").arg(format!("list {n}"));
            assert_eq!(block.query_async::<(usize, usize)>(&mut line).await.unwrap(), (1, 1));
            let wrong = cmd("INCR").arg(format!("list {n}")).query_async::<i64>(&mut line).await;
            assert_eq!(wrong.unwrap_err().code(), Some("WRONGTYPE"));
        })
    });
    for asked in asking.collect::<Vec<_>>() {
        asked.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_up_spoils_nobody_elses_reply() {
    let server = RedisServer::start().unwrap();
    let line = line(&server.url()).await;
    for n in 0..300 {
        let (mut impatient, mut patient) = (line.clone(), line.clone());
        let given_up = async {
            timeout(Duration::from_micros(n), cmd("PING").query_async::<String>(&mut impatient)).await
        };
        let echo = async { cmd("ECHO").arg(n).query_async::<u64>(&mut patient).await };
        let (_, echoed) = tokio::join!(given_up, echo);
        assert_eq!(echoed.unwrap(), n);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_nothing_is_answered_at_once_and_takes_no_reply() {
    let server = RedisServer::start().unwrap();
    let mut line = line(&server.url()).await;
    let nothing = redis::pipe();
    timeout(SOON, nothing.query_async::<()>(&mut line)).await.unwrap().unwrap();
    let pong = timeout(SOON, cmd("PING").query_async::<String>(&mut line)).await.unwrap();
    assert_eq!(pong.unwrap(), "PONG");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_says_so_once_and_fails_whoever_waits() {
    let mut server = RedisServer::start().unwrap();
    let (ended, end) = tokio::sync::oneshot::channel();
    let mut line = Line::open(&client(&server.url()), || _ = ended.send(())).await.unwrap().unwrap();
    let mut waiting = line.clone();
    let waits =
        tokio::spawn(
            async move { cmd("BLPOP").arg("nothing").arg(0).query_async::<Value>(&mut waiting).await },
        );
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.kill();
    timeout(SOON, end).await.unwrap().unwrap();
    assert!(timeout(SOON, waits).await.unwrap().unwrap().unwrap_err().is_connection_dropped());
    assert!(cmd("PING").query_async::<Value>(&mut line).await.unwrap_err().is_connection_dropped());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_a_user_and_a_database_are_told_first() {
    let server = RedisServer::start().unwrap();
    let mut admin = line(&server.url()).await;
    let mut add = cmd("ACL");
    add.arg(&["SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all"]);
    add.query_async::<()>(&mut admin).await.unwrap();
    let url = server.url().replace("redis://", "redis://ann:secret@") + "/3";
    let mut ann = line(&url).await;
    assert_eq!(cmd("ACL").arg("WHOAMI").query_async::<String>(&mut ann).await.unwrap(), "ann");
    cmd("SET").arg("here").arg(1).query_async::<()>(&mut ann).await.unwrap();
    assert_eq!(cmd("EXISTS").arg("here").query_async::<i64>(&mut admin).await.unwrap(), 0);

    cmd("ACL").arg(&["SETUSER", "default", "off"]).query_async::<()>(&mut admin).await.unwrap();
    let stranger = Line::open(&client(&server.url()), || {}).await.err().unwrap();
    assert_eq!(stranger.code(), Some("NOAUTH"), "{stranger}");
    let wrong = url.replace("secret", "guessed");
    let wrong = Line::open(&client(&wrong), || {}).await.err().unwrap();
    assert_eq!(wrong.code(), Some("WRONGPASS"), "{wrong}");
    let deaf = listen(&client(&server.url()), &[], &["news".to_owned()]).await.err().unwrap();
    assert_eq!(deaf.code(), Some("NOAUTH"), "{deaf}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_heard_with_the_pattern_it_fits() {
    let mut server = RedisServer::start().unwrap();
    let mut line = line(&server.url()).await;
    let (patterns, channels) = (["room#*".to_owned()], ["news".to_owned(), "more".to_owned()]);
    let (mut mouth, mut ear) = listen(&client(&server.url()), &patterns, &channels).await.unwrap().unwrap();
    let large = "x".repeat(3_000_000);
    for (channel, payload) in [("news", "one"), ("room#7", ""), ("other", "no"), ("room#é", &large)] {
        cmd("PUBLISH").arg(channel).arg(payload).query_async::<i64>(&mut line).await.unwrap();
    }
    for (channel, pattern, payload) in
        [("news", None, "one"), ("room#7", Some("room#*"), ""), ("room#é", Some("room#*"), &large)]
    {
        let heard = timeout(SOON, ear.next()).await.unwrap().unwrap();
        assert_eq!((heard.channel(), heard.pattern()), (channel, pattern));
        assert_eq!(heard.payload(), payload.as_bytes());
    }

    // An answer is heard by who hears; a question given up is asked again.
    assert!(timeout(Duration::from_millis(50), mouth.ping()).await.is_err());
    let hears = tokio::spawn(async move { while ear.next().await.is_some() {} });
    timeout(SOON, mouth.ping()).await.unwrap().unwrap();
    server.kill();
    timeout(SOON, hears).await.unwrap().unwrap();
    assert!(mouth.ping().await.is_err());
}
