//! Associations by their addresses: `populate`, `add`, `remove` and `replace`, as REST routes and as shortcuts.

use serde_json::json;

use super::doors::{Asks, Door};
use super::server::{Server, zoo};

/// Verb, path and body of a request.
type Request = (&'static str, String, String);

/// The requests under one spelling: of a user, a collection, and pets.
struct Routes {
    add: fn(i64, &str, i64) -> Request,
    remove: fn(i64, &str, i64) -> Request,
    replace: fn(i64, &str, &str) -> Request,
}

const REST: Routes = Routes {
    add: |user, name, pet| ("PUT", format!("/user/{user}/{name}/{pet}"), String::new()),
    remove: |user, name, pet| ("DELETE", format!("/user/{user}/{name}/{pet}"), String::new()),
    replace: |user, name, pets| ("PUT", format!("/user/{user}/{name}"), pets.to_owned()),
};

const SHORTCUTS: Routes = Routes {
    add: |user, name, pet| ("GET", format!("/user/{user}/{name}/add/{pet}"), String::new()),
    remove: |user, name, pet| ("GET", format!("/user/{user}/{name}/remove/{pet}"), String::new()),
    replace: |user, name, pets| ("GET", format!("/user/{user}/{name}/replace?{name}={pets}"), String::new()),
};

/// A dialogue about bert and ann, and the pets rex, tom and pip, through every door.
fn with_two_and_three(talk: impl Fn(&mut Door)) {
    Server::through_every_door(&json!({ "models": zoo() }), |server, door| {
        server.have("user", &json!([{"name": "bert"}, {"name": "ann"}]));
        server.have("pet", &json!([{"name": "rex"}, {"name": "tom"}, {"name": "pip"}]));
        talk(door);
    });
}

fn expect(door: &mut Door, status: u16, (verb, path, body): Request) -> String {
    door.expect(status, verb, &path, &body)
}

/// A user with these pets and patients.
fn user(id: i64, name: &str, pets: &[String], patients: &[String]) -> String {
    format!(
        "{{\"pets\":[{}],\"patients\":[{}],\"createdAt\":…,\"updatedAt\":…,\"id\":{id},\"name\":\"{name}\",\
         \"email\":null,\"age\":0,\"active\":false,\"meta\":null,\"profile\":null}}",
        pets.join(","),
        patients.join(",")
    )
}

fn pet(id: i64, name: &str, owner: Option<i64>) -> String {
    let owner = owner.map_or("null".to_owned(), |owner| owner.to_string());
    format!("{{\"createdAt\":…,\"updatedAt\":…,\"id\":{id},\"name\":\"{name}\",\"owner\":{owner}}}")
}

fn one_to_many(routes: &Routes) {
    with_two_and_three(|door| {
        assert_eq!(door.get("/user/1/pets"), "[]");
        let [rex, tom, pip] = [(1, "rex"), (2, "tom"), (3, "pip")];
        let of = |owner, (id, name)| pet(id, name, Some(owner));

        let with_rex = user(1, "bert", &[of(1, rex)], &[]);
        assert_eq!(expect(door, 200, (routes.add)(1, "pets", 1)), with_rex);
        assert_eq!(expect(door, 200, (routes.add)(1, "pets", 1)), with_rex, "again changes nothing");
        assert_eq!(door.get("/user/1/pets"), format!("[{}]", of(1, rex)));

        assert_eq!(expect(door, 200, (routes.add)(2, "pets", 1)), user(2, "ann", &[of(2, rex)], &[]));
        assert_eq!(door.get("/user/1/pets"), "[]", "a pet has one owner");

        let others = user(2, "ann", &[of(2, tom), of(2, pip)], &[]);
        assert_eq!(expect(door, 200, (routes.replace)(2, "pets", "[2,3]")), others);
        assert!(door.get("/pet/1").contains(r#""name":"rex","owner":null"#));

        assert_eq!(expect(door, 200, (routes.remove)(2, "pets", 2)), user(2, "ann", &[of(2, pip)], &[]));
        assert_eq!(expect(door, 200, (routes.remove)(2, "pets", 1)), user(2, "ann", &[of(2, pip)], &[]));
        assert_eq!(expect(door, 200, (routes.replace)(2, "pets", "[]")), user(2, "ann", &[], &[]));
    });
}

fn many_to_many(routes: &Routes) {
    with_two_and_three(|door| {
        let [rex, tom, pip] = [(1, "rex"), (2, "tom"), (3, "pip")].map(|(id, name)| pet(id, name, None));
        assert_eq!(door.get("/user/1/patients"), "[]");

        let with_rex = user(1, "bert", &[], std::slice::from_ref(&rex));
        assert_eq!(expect(door, 200, (routes.add)(1, "patients", 1)), with_rex);
        assert_eq!(expect(door, 200, (routes.add)(1, "patients", 1)), with_rex, "again changes nothing");
        expect(door, 200, (routes.add)(2, "patients", 1));
        assert_eq!(door.get("/user/1/patients"), format!("[{rex}]"), "both have it");
        assert_eq!(door.column("id", "/pet/1/vets?sort=id"), [1, 2]);

        let others = user(1, "bert", &[], &[tom.clone(), pip.clone()]);
        assert_eq!(expect(door, 200, (routes.replace)(1, "patients", "[2,3]")), others);
        assert_eq!(expect(door, 200, (routes.remove)(1, "patients", 2)), user(1, "bert", &[], &[pip]));
        assert_eq!(door.column("id", "/pet/1/vets"), [2]);
        assert_eq!(expect(door, 200, (routes.replace)(1, "patients", "[]")), user(1, "bert", &[], &[]));
    });
}

fn nobody_there(routes: &Routes) {
    with_two_and_three(|door| {
        for name in ["pets", "patients"] {
            assert_eq!(expect(door, 404, (routes.add)(9, name, 1)), "Not Found");
            assert_eq!(expect(door, 404, (routes.add)(1, name, 9)), "Not Found");
            assert_eq!(expect(door, 404, (routes.remove)(9, name, 1)), "Not Found");
            assert_eq!(expect(door, 404, (routes.remove)(1, name, 9)), "Not Found");
            assert_eq!(expect(door, 404, (routes.replace)(9, name, "[1]")), "Not Found", "no parent");
            assert_eq!(expect(door, 200, (routes.replace)(1, name, "[99]")), user(1, "bert", &[], &[]));
        }
        let with_rex = user(1, "bert", &[], &[pet(1, "rex", None)]);
        assert_eq!(expect(door, 200, (routes.replace)(1, "patients", "[99,1]")), with_rex);
    });
}

#[test]
fn members_of_a_one_to_many_come_and_go_over_rest() {
    one_to_many(&REST);
}

#[test]
fn members_of_a_one_to_many_come_and_go_over_shortcuts() {
    one_to_many(&SHORTCUTS);
}

#[test]
fn members_of_a_many_to_many_come_and_go_over_rest() {
    many_to_many(&REST);
}

#[test]
fn members_of_a_many_to_many_come_and_go_over_shortcuts() {
    many_to_many(&SHORTCUTS);
}

#[test]
fn who_is_not_there_is_not_found_over_rest() {
    nobody_there(&REST);
}

#[test]
fn who_is_not_there_is_not_found_over_shortcuts() {
    nobody_there(&SHORTCUTS);
}

#[test]
fn an_association_with_one_record_is_that_record() {
    with_two_and_three(|door| {
        assert_eq!(door.expect(404, "GET", "/pet/1/owner", ""), "Not Found", "there is none");
        assert_eq!(door.expect(404, "GET", "/pet/9/owner", ""), "Not Found", "no pet");
        assert_eq!(door.expect(404, "GET", "/user/9/pets", ""), "Not Found", "no user");

        door.expect(200, "PATCH", "/pet/1", r#"{"owner":1}"#);

        let owner = door.get("/pet/1/owner");
        assert!(
            owner.ends_with(
                r#""name":"bert","email":null,"age":0,"active":false,"meta":null,"profile":null}"#
            )
        );
    });
}

#[test]
fn an_association_is_chosen_from_as_a_list_is() {
    with_two_and_three(|door| {
        door.expect(200, "PUT", "/user/1/pets", "[1,2,3]");

        assert_eq!(door.column("id", "/user/1/pets?sort=name"), [3, 1, 2]);
        assert_eq!(door.column("id", "/user/1/pets?sort=name%20DESC&limit=1&skip=1"), [1]);
        assert_eq!(
            door.column("id", "/user/1/pets?where=%7B%22name%22%3A%7B%22%3E%22%3A%22q%22%7D%7D"),
            [1, 2]
        );
        assert_eq!(door.column("id", "/user/1/pets?name=tom"), [2]);
        assert_eq!(door.get("/user/1/pets?name=tom&select=name"), r#"[{"id":2,"name":"tom"}]"#);
        assert_eq!(
            door.get("/user/1/pets?name=tom&omit=createdAt,updatedAt,owner"),
            r#"[{"id":2,"name":"tom"}]"#
        );
    });
}

#[test]
fn a_new_record_may_bring_its_members() {
    with_two_and_three(|door| {
        let made = door.expect(200, "POST", "/user", r#"{"name":"cleo","pets":[1,2],"patients":[3]}"#);
        let (rex, tom, pip) = (pet(1, "rex", Some(3)), pet(2, "tom", Some(3)), pet(3, "pip", None));
        assert_eq!(made, user(3, "cleo", &[rex.clone(), tom], &[pip]));

        let changed = door.expect(200, "PATCH", "/user/3", r#"{"pets":[1],"patients":[]}"#);
        assert_eq!(changed, user(3, "cleo", &[rex], &[]));
    });
}
