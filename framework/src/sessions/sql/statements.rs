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

/// Ready for one engine.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) make: [String; 3],
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
        let (now, patch, json, for_update) = match engine {
            Engine::Postgres => (
                "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)",
                "jsonb_strip_nulls(data || CAST($2 AS jsonb))",
                "jsonb",
                " FOR UPDATE",
            ),
            Engine::Sqlite | Engine::MySql => {
                ("CAST(unixepoch('subsec') * 1000 AS integer)", "json_patch(data, $2)", "text", "")
            }
        };
        let filled = |text: &str| {
            text.replace("{alive}", ALIVE)
                .replace("{use}", "seen_at = {now}, expires_at = CASE WHEN {now} + {idle} < ends_at THEN {now} + {idle} ELSE ends_at END")
                .replace("{now}", now)
                .replace("{patch}", patch)
                .replace("{json}", json)
                .replace("{table}", TABLE)
        };
        let columns = filled(COLUMNS);
        Self {
            make: [
                format!("CREATE TABLE IF NOT EXISTS {TABLE} ({columns})"),
                format!("CREATE INDEX IF NOT EXISTS {TABLE}_user ON {TABLE} (user_id)"),
                format!("CREATE INDEX IF NOT EXISTS {TABLE}_expires ON {TABLE} (expires_at)"),
            ],
            columns,
            load: filled(
                "SELECT CAST(data AS text), user_id, expires_at - {now}, ends_at - {now}, renewed FROM {table} \
                 WHERE id = $1 AND expires_at > {now}",
            ),
            prolong: filled("UPDATE {table} SET {use} WHERE id = $1 AND {alive}").replace("{idle}", "$2"),
            create: filled(
                "INSERT INTO {table} (id, data, user_id, label, signed_in_at, started_at, seen_at, ends_at, expires_at, \
                 renewed) VALUES ($1, CAST($2 AS {json}), $3, $4, {now}, {now}, {now}, {now} + $5, {now} + $6, 0)",
            ),
            commit: filled("UPDATE {table} SET data = {patch}, {use} WHERE id = $1 AND {alive} RETURNING 1")
                .replace("{idle}", "$3"),
            rename: filled(
                "UPDATE {table} SET id = $4, data = {patch}, turn = NULL, turn_until = NULL, {use} \
                 WHERE id = $1 AND {alive} RETURNING 1",
            )
            .replace("{idle}", "$3"),
            remember: filled(
                "INSERT INTO {table} (id, data, started_at, seen_at, ends_at, expires_at, renewed) \
                 VALUES ($1, '{}', {now}, {now}, {now} + $2, {now} + $2, 1)",
            ),
            sign_in: filled(
                "UPDATE {table} SET user_id = $2, label = $3, signed_in_at = {now} WHERE id = $1 AND renewed = 0",
            ),
            too_many: filled(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE user_id = $1 AND {alive} \
                 ORDER BY signed_in_at DESC, id LIMIT 1000 OFFSET $2) RETURNING id",
            ),
            destroy: filled("DELETE FROM {table} WHERE id = $1"),
            list: filled(
                "SELECT id, started_at, seen_at, label FROM {table} WHERE user_id = $1 AND {alive} \
                 ORDER BY signed_in_at, id LIMIT 1000",
            ),
            end_all: filled("DELETE FROM {table} WHERE user_id = $1 AND {alive} RETURNING id"),
            end_one: filled("DELETE FROM {table} WHERE user_id = $1 AND id = $2 AND {alive} RETURNING id"),
            end_others: filled(
                "DELETE FROM {table} WHERE user_id = $1 AND id <> $2 AND {alive} RETURNING id",
            ),
            look: filled("SELECT CAST(data AS text) FROM {table} WHERE id = $1 AND {alive}") + for_update,
            lock: filled(
                "UPDATE {table} SET turn = $2, turn_until = {now} + $3 \
                 WHERE id = $1 AND {alive} AND (turn IS NULL OR turn_until <= {now}) RETURNING 1",
            ),
            unlock: filled("UPDATE {table} SET turn = NULL, turn_until = NULL WHERE id = $1 AND turn = $2"),
            sweep: filled(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE expires_at <= {now} LIMIT $1) RETURNING 1",
            ),
            now,
        }
    }

    /// Which of `count` ids live.
    pub(super) fn alive(&self, count: usize) -> String {
        let places: Vec<_> = (1..=count).map(|place| format!("${place}")).collect();
        let alive = ALIVE.replace("{now}", self.now);
        format!("SELECT id FROM {TABLE} WHERE id IN ({}) AND {alive}", places.join(", "))
    }
}
