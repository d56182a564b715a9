//! What watchers hear of each change: the bytes, the keys' order, and that each of them hears it once.

use serde_json::json;

use super::doors::{Asks, Door};
use super::server::{Server, zoo};
use super::voice::{Revision, Voice};

const PLAIN: &str = r#""email":null,"age":0,"active":false,"meta":null,"profile":null}"#;

/// A watcher of each revision, and somebody who is told nothing.
struct Watched {
    server: Server,
    watchers: [Voice; 2],
    stranger: Voice,
}

impl Watched {
    /// Users 1 to 4 are ann, bert, cleo and dan; pets 1 to 3 are rex, tom and pip. Everybody is watched.
    fn new(config: &serde_json::Value) -> Self {
        let server = Server::new(config);
        server.have("user", &json!([{"name": "ann"}, {"name": "bert"}, {"name": "cleo"}, {"name": "dan"}]));
        server.have("pet", &json!([{"name": "rex"}, {"name": "tom"}, {"name": "pip"}]));
        let mut watchers = [Revision::V3, Revision::V4].map(|revision| server.voice(revision));
        for watcher in &mut watchers {
            watcher.get("/user");
            watcher.get("/pet");
        }
        let stranger = server.voice(Revision::V4);
        Self { server, watchers, stranger }
    }

    /// What was heard since the last time, the same by every watcher.
    #[track_caller]
    fn heard(&mut self) -> Vec<String> {
        let [one, other] = self.watchers.each_mut().map(Voice::heard);
        assert_eq!(one, other, "both watchers hear the same");
        assert_eq!(self.stranger.heard(), [""; 0], "who watches nothing hears nothing");
        one
    }

    /// The same where Sails fixes no order.
    #[track_caller]
    fn heard_sorted(&mut self) -> Vec<String> {
        let mut heard = self.heard();
        heard.sort();
        heard
    }
}

/// Runs a dialogue with each door as the one who changes things.
fn whoever_changes_it(talk: impl Fn(&mut Watched, &mut Door)) {
    for which in 0..3 {
        let mut watched = Watched::new(&json!({ "models": zoo() }));
        let mut door = watched.server.doors().into_iter().nth(which).expect("a door");
        talk(&mut watched, &mut door);
        if let Door::Socket(voice) = &mut door {
            assert_eq!(voice.heard(), [""; 0], "who makes a change does not hear of it");
        }
    }
}

/// A user without pets and patients.
fn user(id: i64, name: &str) -> String {
    format!(
        "{{\"pets\":[],\"patients\":[],\"createdAt\":…,\"updatedAt\":…,\"id\":{id},\"name\":\"{name}\",{PLAIN}"
    )
}

#[test]
fn a_new_record_is_told_to_its_class_room_and_introduced() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "POST", "/user", r#"{"name":"eve"}"#);
        let eve = user(5, "eve");
        let created = format!(r#"42["user",{{"verb":"created","data":{eve},"id":5}}]"#);
        assert_eq!(watched.heard(), [created]);

        door.expect(200, "PATCH", "/user/5", r#"{"age":7}"#);
        let updated = format!(
            r#"42["user",{{"verb":"updated","data":{{"age":7,"id":5,"updatedAt":…}},"id":5,"previous":{eve}}}]"#
        );
        assert_eq!(watched.heard(), [updated], "its watchers heard of it when it was made");
    });
}

#[test]
fn a_change_is_told_with_what_was_before() {
    whoever_changes_it(|watched, door| {
        for (id, name, verb, path, body) in [
            (1, "ann", "PATCH", "/user/1", r#"{"age":7}"#),
            (2, "bert", "PUT", "/user/2", r#"{"age":7}"#),
            (3, "cleo", "GET", "/user/update/3?age=7", ""),
        ] {
            door.expect(200, verb, path, body);
            let data = format!(r#"{{"age":7,"id":{id},"updatedAt":…}}"#);
            let before = user(id, name);
            let updated =
                format!(r#"42["user",{{"verb":"updated","data":{data},"id":{id},"previous":{before}}}]"#);
            assert_eq!(watched.heard(), [updated], "{verb} {path}");
        }
    });
}

#[test]
fn an_end_is_told_with_what_was() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "DELETE", "/user/3", "");
        let cleo = user(3, "cleo");
        assert_eq!(
            watched.heard(),
            [format!(r#"42["user",{{"verb":"destroyed","id":3,"previous":{cleo}}}]"#)]
        );
    });
}

#[test]
fn a_new_record_with_an_owner_is_told_to_those_who_watch_the_owner() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "POST", "/pet", r#"{"name":"zoe","owner":3}"#);
        let cleo = format!(r#"{{"createdAt":…,"updatedAt":…,"id":3,"name":"cleo",{PLAIN}"#);
        let zoe = format!(r#"{{"vets":[],"createdAt":…,"updatedAt":…,"id":4,"name":"zoe","owner":{cleo}}}"#);
        assert_eq!(
            watched.heard_sorted(),
            [
                format!(r#"42["pet",{{"verb":"created","data":{zoe},"id":4}}]"#),
                r#"42["user",{"id":3,"verb":"addedTo","attribute":"pets","addedId":4}]"#.to_owned(),
            ]
        );
    });
}

#[test]
fn a_new_record_with_members_is_told_to_those_who_watch_the_members() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/3/pets/1", "");
        watched.heard();
        door.expect(200, "POST", "/user", r#"{"name":"eve","pets":[1,2],"patients":[3]}"#);
        let heard = watched.heard_sorted();
        let [others @ .., created] = &heard[..] else { panic!("nothing") };
        assert!(created.starts_with(r#"42["user",{"verb":"created","data":{"pets":[{"#), "{created}");
        assert_eq!(
            others,
            [
                r#"42["pet",{"id":3,"verb":"addedTo","attribute":"vets","addedId":5}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":5},"id":1}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":5},"id":2}]"#,
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"pets","removedId":1}]"#,
            ]
        );
    });
}

#[test]
fn a_new_owner_is_told_to_those_who_watch_either_owner() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PATCH", "/pet/1", r#"{"owner":3}"#);
        let heard = watched.heard_sorted();
        assert_eq!(heard.len(), 2, "{heard:?}");
        assert!(
            heard[0]
                .starts_with(r#"42["pet",{"verb":"updated","data":{"owner":3,"id":1,"updatedAt":…},"id":1,"#)
        );
        assert_eq!(heard[1], r#"42["user",{"id":3,"verb":"addedTo","attribute":"pets","addedId":1}]"#);

        door.expect(200, "PATCH", "/pet/1", r#"{"owner":4}"#);
        assert_eq!(
            watched.heard_sorted()[1..],
            [
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"pets","removedId":1}]"#,
                r#"42["user",{"id":4,"verb":"addedTo","attribute":"pets","addedId":1}]"#,
            ]
        );

        door.expect(200, "PATCH", "/pet/1", r#"{"owner":null}"#);
        assert_eq!(
            watched.heard_sorted()[1..],
            [r#"42["user",{"id":4,"verb":"removedFrom","attribute":"pets","removedId":1}]"#]
        );
    });
}

#[test]
fn new_members_are_told_with_the_change_and_to_those_who_watch_the_members() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/4/pets/1", "");
        watched.heard();
        door.expect(200, "PATCH", "/user/3", r#"{"pets":[1,2],"patients":[3],"age":7}"#);
        let heard = watched.heard_sorted();
        let [others @ .., updated] = &heard[..] else { panic!("nothing") };
        let data = r#""data":{"age":7,"pets":[1,2],"patients":[3],"id":3,"updatedAt":…},"id":3,"previous":{"pets":[],"#;
        assert!(updated.starts_with(&format!(r#"42["user",{{"verb":"updated",{data}"#)), "{updated}");
        assert_eq!(
            others,
            [
                r#"42["pet",{"id":3,"verb":"addedTo","attribute":"vets","addedId":3}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":3},"id":1}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":3},"id":2}]"#,
                r#"42["user",{"id":4,"verb":"removedFrom","attribute":"pets","removedId":1}]"#,
            ]
        );
    });
}

#[test]
fn adding_to_a_one_to_many_is_told_as_in_sails() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/3/pets/1", "");
        assert_eq!(
            watched.heard(),
            [
                r#"42["user",{"id":3,"verb":"addedTo","attribute":"pets","addedId":1}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":3},"id":1}]"#,
            ]
        );
        door.expect(200, "PUT", "/user/4/pets/1", "");
        assert_eq!(
            watched.heard(),
            [
                r#"42["user",{"id":4,"verb":"addedTo","attribute":"pets","addedId":1}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":4},"id":1}]"#,
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"pets","removedId":1}]"#,
            ]
        );
    });
}

#[test]
fn adding_to_a_many_to_many_is_told_on_both_sides() {
    whoever_changes_it(|watched, door| {
        for (verb, path) in [("PUT", "/user/3/patients/1"), ("GET", "/user/3/patients/add/1")] {
            door.expect(200, verb, path, "");
            assert_eq!(
                watched.heard(),
                [
                    r#"42["user",{"id":3,"verb":"addedTo","attribute":"patients","addedId":1}]"#,
                    r#"42["pet",{"id":1,"verb":"addedTo","attribute":"vets","addedId":3}]"#,
                ]
            );
            door.expect(200, "DELETE", "/user/3/patients/1", "");
            watched.heard();
        }
    });
}

#[test]
fn removing_is_told_on_both_sides() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/3/pets/1", "");
        door.expect(200, "PUT", "/user/3/patients/1", "");
        watched.heard();

        door.expect(200, "DELETE", "/user/3/pets/1", "");
        assert_eq!(
            watched.heard(),
            [
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"pets","removedId":1}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":null},"id":1}]"#,
            ]
        );
        door.expect(200, "DELETE", "/user/3/patients/1", "");
        assert_eq!(
            watched.heard(),
            [
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"patients","removedId":1}]"#,
                r#"42["pet",{"id":1,"verb":"removedFrom","attribute":"vets","removedId":3}]"#,
            ]
        );
    });
}

#[test]
fn replacing_is_told_once_for_each_id() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/3/patients", "[1]");
        watched.heard();
        door.expect(200, "PUT", "/user/3/patients", "[2,3,99]");
        assert_eq!(
            watched.heard(),
            [
                r#"42["user",{"id":3,"verb":"addedTo","attribute":"patients","addedId":2}]"#,
                r#"42["pet",{"id":2,"verb":"addedTo","attribute":"vets","addedId":3}]"#,
                r#"42["user",{"id":3,"verb":"addedTo","attribute":"patients","addedId":3}]"#,
                r#"42["pet",{"id":3,"verb":"addedTo","attribute":"vets","addedId":3}]"#,
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"patients","removedId":1}]"#,
                r#"42["pet",{"id":1,"verb":"removedFrom","attribute":"vets","removedId":3}]"#,
            ]
        );

        door.expect(200, "PUT", "/user/3/pets", "[1]");
        door.expect(200, "PUT", "/user/4/pets", "[2]");
        watched.heard();
        door.expect(200, "PUT", "/user/3/pets", "[2]");
        assert_eq!(
            watched.heard(),
            [
                r#"42["user",{"id":3,"verb":"addedTo","attribute":"pets","addedId":2}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":3},"id":2}]"#,
                r#"42["user",{"id":4,"verb":"removedFrom","attribute":"pets","removedId":2}]"#,
                r#"42["user",{"id":3,"verb":"removedFrom","attribute":"pets","removedId":1}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":null},"id":1}]"#,
            ]
        );
    });
}

#[test]
fn an_end_is_told_to_all_that_were_related() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/3/pets/1", "");
        door.expect(200, "PUT", "/user/3/patients/2", "");
        watched.heard();

        door.expect(200, "DELETE", "/user/3", "");
        let heard = watched.heard_sorted();
        assert_eq!(
            heard[..2],
            [
                r#"42["pet",{"id":2,"verb":"removedFrom","attribute":"vets","removedId":3}]"#,
                r#"42["pet",{"verb":"updated","data":{"owner":null},"id":1}]"#,
            ]
        );
        let destroyed = r#"42["user",{"verb":"destroyed","id":3,"previous":{"pets":[{"createdAt":…,"updatedAt":…,"id":1,"#;
        assert!(heard[2].starts_with(destroyed), "{heard:?}");
        assert_eq!(heard.len(), 3);

        door.expect(200, "PUT", "/user/4/pets/1", "");
        watched.heard();
        door.expect(200, "DELETE", "/pet/1", "");
        let heard = watched.heard_sorted();
        assert!(
            heard[0].starts_with(r#"42["pet",{"verb":"destroyed","id":1,"previous":{"vets":[],"#),
            "{heard:?}"
        );
        assert_eq!(
            heard[1..],
            [r#"42["user",{"id":4,"verb":"removedFrom","attribute":"pets","removedId":1}]"#]
        );
    });
}

#[test]
fn nothing_is_told_when_nothing_happens() {
    whoever_changes_it(|watched, door| {
        door.expect(200, "PUT", "/user/3/pets/1", "");
        watched.heard();
        door.expect(200, "PUT", "/user/3/pets/1", "");
        door.expect(200, "DELETE", "/user/3/pets/2", "");
        door.expect(200, "PUT", "/user/3/pets", "[1]");
        door.expect(404, "PATCH", "/user/9", r#"{"age":1}"#);
        door.expect(400, "PATCH", "/user/1", r#"{"age":"many"}"#);
        door.expect(400, "POST", "/user", r#"{"name":"ann"}"#);
        door.expect(404, "DELETE", "/user/9", "");
        assert_eq!(watched.heard(), [""; 0]);
    });
}

#[test]
fn a_mirror_shows_a_socket_its_own_changes() {
    let config = json!({ "models": zoo(), "blueprints": {"mirror": true} });
    let mut watched = Watched::new(&config);
    let [watcher, _] = &mut watched.watchers;
    watcher.expect(200, "PATCH", "/user/3", r#"{"age":7}"#);
    let own = watcher.heard();
    assert!(matches!(&own[..], [one] if one.contains(r#""verb":"updated""#)), "{own:?}");
    let [_, other] = &mut watched.watchers;
    assert_eq!(other.heard(), own);
}
