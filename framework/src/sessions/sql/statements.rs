//! The statements of the SQL store, each one step. `{now}` is the database's clock in milliseconds, `{patch}` the values
//! of a session with `$2` merged into them, a key that is null there taken out.

use crate::db::Engine;

/// The table with a row for each session, and one for each id that was renewed seconds ago.
pub(super) const TABLE: &str = "regatta_sessions";

/// The same on every engine, but for the type of `data`.
const COLUMNS: &str = "id varchar(64) NOT NULL PRIMARY KEY, data {json} NOT NULL, user_id varchar(200), label varchar(800), \
                       signed_in_at bigint, started_at bigint NOT NULL, seen_at bigint NOT NULL, ends_at bigint NOT NULL, \
                       expires_at bigint NOT NULL, renewed bigint NOT NULL, turn varchar(64), turn_until bigint";

const ALIVE: &str = "renewed = 0 AND expires_at > {now}";

/// What engines say differently.
struct Dialect {
    /// The clock, in milliseconds.
    now: &'static str,
    /// The values with `$2` merged into them.
    patch: &'static str,
    /// The type of the values, and they as text.
    json: &'static str,
    text: &'static str,
    for_update: &'static str,
}

impl Dialect {
    fn of(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Self {
                now: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)",
                patch: "jsonb_strip_nulls(data || CAST($2 AS jsonb))",
                json: "jsonb",
                text: "CAST(data AS text)",
                for_update: " FOR UPDATE",
            },
            Engine::Sqlite => Self {
                now: "CAST(unixepoch('subsec') * 1000 AS integer)",
                patch: "json_patch(data, $2)",
                json: "text",
                text: "CAST(data AS text)",
                for_update: "",
            },
            Engine::MySql => Self {
                now: "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
                patch: "JSON_MERGE_PATCH(data, $2)",
                json: "mediumtext",
                text: "data",
                for_update: " FOR UPDATE",
            },
        }
    }
}

/// Ready for one engine.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) make: Vec<String>,
    pub(super) columns: String,
    pub(super) load: String,
    pub(super) prolong: String,
    pub(super) create: String,
    pub(super) commit: String,
    pub(super) rename: String,
    pub(super) remember: String,
    pub(super) sign_in: String,
    pub(super) too_many: String,
    pub(super) destroy: String,
    pub(super) list: String,
    pub(super) end_all: String,
    pub(super) end_one: String,
    pub(super) end_others: String,
    pub(super) look: String,
    pub(super) lock: String,
    pub(super) unlock: String,
    pub(super) sweep: String,
    now: &'static str,
}

impl Statements {
    pub(super) fn new(engine: Engine) -> Self {
        let Dialect { now, patch, json, text, for_update } = Dialect::of(engine);
        let is_mysql = engine == Engine::MySql;
        // MySQL gives no rows of what it wrote: there the rows are counted, or locked, read and removed.
        let returning = if is_mysql { "" } else { " RETURNING 1" };
        let ends = |condition: &str| match is_mysql {
            true => format!("SELECT id FROM {TABLE} WHERE {condition} FOR UPDATE"),
            false => format!("DELETE FROM {TABLE} WHERE {condition} RETURNING id"),
        };
        let ends_some = |which: &str| match is_mysql {
            true => format!("SELECT id FROM {TABLE} WHERE {which} FOR UPDATE"),
            false => {
                format!("DELETE FROM {TABLE} WHERE id IN (SELECT id FROM {TABLE} WHERE {which}) RETURNING id")
            }
        };
        let filled = |text: &str| {
            text.replace("{alive}", ALIVE)
                .replace("{use}", "seen_at = {now}, expires_at = CASE WHEN {now} + {idle} < ends_at THEN {now} + {idle} ELSE ends_at END")
                .replace("{now}", now)
                .replace("{patch}", patch)
                .replace("{json}", json)
                .replace("{returning}", returning)
                .replace("{table}", TABLE)
        };
        let columns = filled(COLUMNS);
        let make = match is_mysql {
            // It knows no `IF NOT EXISTS` of an index, and takes `Ada` for `ada` where nothing is said.
            true => vec![format!(
                "CREATE TABLE IF NOT EXISTS {TABLE} ({columns}, KEY {TABLE}_user (user_id), KEY {TABLE}_expires \
                 (expires_at)) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            )],
            false => vec![
                format!("CREATE TABLE IF NOT EXISTS {TABLE} ({columns})"),
                format!("CREATE INDEX IF NOT EXISTS {TABLE}_user ON {TABLE} (user_id)"),
                format!("CREATE INDEX IF NOT EXISTS {TABLE}_expires ON {TABLE} (expires_at)"),
            ],
        };
        let value = if json == "jsonb" { "CAST($2 AS jsonb)" } else { "$2" };
        Self {
            make,
            columns,
            load: filled(
                "SELECT {text}, user_id, expires_at - {now}, ends_at - {now}, renewed FROM {table} \
                 WHERE id = $1 AND expires_at > {now}",
            )
            .replace("{text}", text),
            prolong: filled("UPDATE {table} SET {use} WHERE id = $1 AND {alive}").replace("{idle}", "$2"),
            create: filled(
                "INSERT INTO {table} (id, data, user_id, label, signed_in_at, started_at, seen_at, ends_at, expires_at, \
                 renewed) VALUES ($1, {value}, $3, $4, {now}, {now}, {now}, {now} + $5, {now} + $6, 0)",
            )
            .replace("{value}", value),
            commit: filled("UPDATE {table} SET data = {patch}, {use} WHERE id = $1 AND {alive}{returning}")
                .replace("{idle}", "$3"),
            rename: filled(
                "UPDATE {table} SET id = $4, data = {patch}, turn = NULL, turn_until = NULL, {use} \
                 WHERE id = $1 AND {alive}{returning}",
            )
            .replace("{idle}", "$3"),
            remember: filled(
                "INSERT INTO {table} (id, data, started_at, seen_at, ends_at, expires_at, renewed) \
                 VALUES ($1, '{}', {now}, {now}, {now} + $2, {now} + $2, 1)",
            ),
            sign_in: filled(
                "UPDATE {table} SET user_id = $2, label = $3, signed_in_at = {now} WHERE id = $1 AND renewed = 0",
            ),
            too_many: filled(&ends_some(
                "user_id = $1 AND {alive} ORDER BY signed_in_at DESC, id LIMIT 1000 OFFSET $2",
            )),
            destroy: filled("DELETE FROM {table} WHERE id = $1"),
            list: filled(
                "SELECT id, started_at, seen_at, label FROM {table} WHERE user_id = $1 AND {alive} \
                 ORDER BY signed_in_at, id LIMIT 1000",
            ),
            end_all: filled(&ends("user_id = $1 AND {alive}")),
            end_one: filled(&ends("user_id = $1 AND id = $2 AND {alive}")),
            end_others: filled(&ends("user_id = $1 AND id <> $2 AND {alive}")),
            look: filled("SELECT {text} FROM {table} WHERE id = $1 AND {alive}").replace("{text}", text) + for_update,
            lock: filled(
                "UPDATE {table} SET turn = $2, turn_until = {now} + $3 \
                 WHERE id = $1 AND {alive} AND (turn IS NULL OR turn_until <= {now}){returning}",
            ),
            unlock: filled("UPDATE {table} SET turn = NULL, turn_until = NULL WHERE id = $1 AND turn = $2"),
            sweep: filled(&ends_some("expires_at <= {now} LIMIT $1")),
            now,
        }
    }

    /// Removes `count` rows by their ids.
    pub(super) fn remove(count: usize) -> String {
        let places: Vec<_> = (1..=count).map(|place| format!("${place}")).collect();
        format!("DELETE FROM {TABLE} WHERE id IN ({})", places.join(", "))
    }

    /// Which of `count` ids live.
    pub(super) fn alive(&self, count: usize) -> String {
        let places: Vec<_> = (1..=count).map(|place| format!("${place}")).collect();
        let alive = ALIVE.replace("{now}", self.now);
        format!("SELECT id FROM {TABLE} WHERE id IN ({}) AND {alive}", places.join(", "))
    }
}
