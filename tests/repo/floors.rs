//! The floors of the framework and the rule that a module rests on what is below it or to its left.

/// Lowest first; on a floor, leftmost first.
const FLOORS: [&[&str]; 8] = [
    &["error", "config", "logging"],
    &["health", "metrics", "compression", "deploy", "tls"],
    &["protocol", "redis", "db"],
    &["bus", "cache", "sessions", "models"],
    &["security", "i18n", "assets", "views", "uploads", "policies", "routes", "http"],
    &["sockets"],
    &["blueprints", "openapi", "tasks", "dashboard"],
    &["doctor", "fleet", "app"],
];

/// Beside the floors: the root, what apps import, and support for apps' tests may use everything.
const BESIDE: [&str; 3] = ["lib", "prelude", "testing"];

/// Why `user` may not use `used`, or nothing when it may. Both are names of modules of the framework's root.
pub(crate) fn violation(user: &str, used: &str) -> Option<String> {
    if user == used || BESIDE.contains(&user) {
        return None;
    }
    let Some(place) = place(user) else {
        return Some(format!("`{user}` has no floor: give it one in tests/repo/floors.rs and in the design"));
    };
    match self::place(used) {
        Some(below) if below < place => None,
        Some(_) => Some(format!("`{user}` uses `{used}`, which is above it or to its right")),
        None => Some(format!("`{user}` uses `{used}`, which has no floor: name the module that defines it")),
    }
}

fn place(module: &str) -> Option<(usize, usize)> {
    FLOORS.iter().enumerate().find_map(|(floor, modules)| {
        modules.iter().position(|name| *name == module).map(|column| (floor, column))
    })
}

#[test]
fn a_module_rests_on_what_is_below_or_left() {
    for (user, used) in
        [("sessions", "bus"), ("app", "config"), ("config", "error"), ("lib", "app"), ("bus", "bus")]
    {
        assert_eq!(violation(user, used), None);
    }
}

#[test]
fn a_module_may_not_reach_up_or_right() {
    for (user, used) in
        [("bus", "sessions"), ("error", "app"), ("models", "sockets"), ("sockets", "blueprints")]
    {
        assert_eq!(
            violation(user, used),
            Some(format!("`{user}` uses `{used}`, which is above it or to its right"))
        );
    }
}

#[test]
fn a_module_without_a_floor_is_named() {
    assert!(violation("helpers", "error").is_some_and(|text| text.contains("`helpers` has no floor")));
    assert!(violation("app", "App").is_some_and(|text| text.contains("`App`, which has no floor")));
}
