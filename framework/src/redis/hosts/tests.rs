use super::{are_several, each};

#[test]
fn each_host_has_an_address_of_its_own() {
    let both = ["rediss://ann:p,@a:26379/3?protocol=resp3", "rediss://ann:p,@b:5/3?protocol=resp3"];
    assert_eq!(each("rediss://ann:p,@a, b:5/3?protocol=resp3"), both);
    assert_eq!(each("redis://[::1],[::2]:7"), ["redis://[::1]:26379", "redis://[::2]:7"]);
    assert_eq!(each("redis://"), Vec::<String>::new());
    assert!(are_several("redis://a,b") && !are_several("redis://:a,b@c/0"));
}
