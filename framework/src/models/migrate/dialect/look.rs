//! Asking the database what its tables are like. Each query is about every table at once.

use super::Dialect;
use crate::db::Engine;

impl Dialect {
    /// Table, column, type, whether it is NOT NULL, its default, whether it is the primary key and whether it
    /// counts up.
    pub(in crate::models::migrate) fn columns(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => {
                "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0, c.dflt_value, c.pk > 0, \
                 c.pk > 0 AND upper(t.sql) LIKE '%AUTOINCREMENT%' \
                 FROM sqlite_master t, pragma_table_xinfo(t.name) c \
                 WHERE t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_' AND c.hidden <> 1 \
                 ORDER BY t.name, c.cid"
            }
            Engine::Postgres => {
                "SELECT t.relname::text, c.attname::text, format_type(c.atttypid, c.atttypmod), c.attnotnull, \
                 pg_get_expr(d.adbin, d.adrelid), k.conname IS NOT NULL, \
                 c.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%' \
                 FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid \
                 LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = c.attnum \
                 LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p' AND c.attnum = ANY (k.conkey) \
                 WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::regnamespace \
                 AND c.attnum > 0 AND NOT c.attisdropped ORDER BY t.relname, c.attnum"
            }
            Engine::MySql => {
                "SELECT c.table_name, c.column_name, c.column_type, c.is_nullable = 'NO', c.column_default, \
                 c.column_key = 'PRI', c.extra LIKE '%auto_increment%' \
                 FROM information_schema.columns c JOIN information_schema.tables t \
                 ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
                 WHERE t.table_type = 'BASE TABLE' AND c.table_schema = DATABASE() \
                 ORDER BY c.table_name, c.ordinal_position"
            }
        }
    }

    /// Table, index, column or expression and whether it is unique, without primary keys, in the order of the
    /// index's columns. What makes it partial counts as one more column.
    pub(in crate::models::migrate) fn indexes(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => {
                "SELECT t.name, i.name, coalesce(c.name, '(expression)'), i.\"unique\" \
                 FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
                 WHERE t.type = 'table' AND i.origin <> 'pk' \
                 UNION ALL SELECT t.name, i.name, '(where)', i.\"unique\" \
                 FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.partial"
            }
            Engine::Postgres => {
                "SELECT t.relname::text, i.relname::text, pg_get_indexdef(x.indexrelid, c.place::int, true), x.indisunique \
                 FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid, \
                 generate_series(1, x.indnkeyatts) AS c (place) \
                 WHERE t.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary \
                 UNION ALL SELECT t.relname::text, i.relname::text, '(where)', x.indisunique \
                 FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
                 WHERE t.relnamespace = current_schema()::regnamespace \
                 AND (x.indpred IS NOT NULL OR NOT x.indisvalid)"
            }
            Engine::MySql => {
                "SELECT table_name, index_name, coalesce(column_name, '(expression)'), non_unique = 0 \
                 FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY' \
                 ORDER BY table_name, index_name, seq_in_index"
            }
        }
    }

    /// Table, column, the table and column it refers to, and the rule for removed ones, of references of one
    /// column.
    pub(in crate::models::migrate) fn foreign_keys(self) -> &'static str {
        match self.0 {
            Engine::Sqlite => {
                "SELECT t.name, f.\"from\", f.\"table\", coalesce(f.\"to\", ''), f.on_delete \
                 FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' \
                 ORDER BY t.name, f.id DESC"
            }
            Engine::Postgres => {
                "SELECT t.relname::text, c.attname::text, o.relname::text, k.attname::text, \
                 CASE f.confdeltype WHEN 'n' THEN 'SET NULL' WHEN 'c' THEN 'CASCADE' ELSE 'RESTRICT' END \
                 FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid \
                 JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = f.conkey[1] \
                 JOIN pg_attribute k ON k.attrelid = o.oid AND k.attnum = f.confkey[1] \
                 WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 \
                 AND t.relnamespace = current_schema()::regnamespace ORDER BY t.relname, c.attnum"
            }
            Engine::MySql => {
                "SELECT k.table_name, k.column_name, k.referenced_table_name, k.referenced_column_name, r.delete_rule \
                 FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
                 ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
                 AND r.table_name = k.table_name \
                 WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL \
                 GROUP BY k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, \
                 k.referenced_column_name, r.delete_rule ORDER BY k.table_name, k.column_name"
            }
        }
    }

    /// Finds a row when there is a table of this name, which has no quotes in it.
    pub(in crate::models::migrate) fn is_there(self, table: &str) -> String {
        match self.0 {
            Engine::Sqlite => {
                format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{table}'")
            }
            Engine::Postgres => format!("SELECT 1 WHERE to_regclass('{table}') IS NOT NULL"),
            Engine::MySql => format!(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '{table}'"
            ),
        }
    }

    /// What refers to rows that are not there, where foreign keys can be off.
    pub(in crate::models::migrate) fn dangling(self) -> Option<&'static str> {
        match self.0 {
            Engine::Sqlite => {
                Some("SELECT \"table\", coalesce(\"rowid\", 0), \"parent\" FROM pragma_foreign_key_check")
            }
            Engine::Postgres | Engine::MySql => None,
        }
    }

    /// Whether the engine calls the type `own` that somebody wrote `told`.
    pub(in crate::models::migrate) fn is_called(self, own: &str, told: &str) -> bool {
        let own = own.to_lowercase().replace(", ", ",");
        let (name, digits) = own.split_at(own.find('(').unwrap_or(own.len()));
        let full = match (self.0, name) {
            (Engine::Postgres, "varchar") => "character varying",
            (Engine::Postgres, "char") => "character",
            (Engine::Postgres, "int" | "int4") => "integer",
            (Engine::Postgres, "int8") => "bigint",
            (Engine::Postgres, "int2") => "smallint",
            (Engine::Postgres, "bool") => "boolean",
            (Engine::Postgres, "float8") => "double precision",
            (Engine::Postgres, "float4") => "real",
            (Engine::Postgres, "decimal") => "numeric",
            (Engine::Postgres, "timestamptz") => "timestamp with time zone",
            (Engine::MySql, "integer") => "int",
            (Engine::MySql, "bool" | "boolean") => "tinyint",
            (Engine::MySql, "numeric") => "decimal",
            (_, name) => name,
        };
        // MariaDB tells how wide it would print a whole number.
        let is_wide = self.0 == Engine::MySql && digits.is_empty() && full.ends_with("int");
        let told = if is_wide { told.split('(').next().unwrap_or(told) } else { told };
        told.replace(", ", ",") == format!("{full}{digits}")
    }

    /// A default as the database tells it, in the words it was given.
    pub(in crate::models::migrate) fn plain_default(self, told: &str) -> String {
        match self.0 {
            Engine::Sqlite | Engine::MySql => told.to_owned(),
            Engine::Postgres => {
                let (value, type_name) = told.rsplit_once("::").unwrap_or((told, ""));
                let inner = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
                match (inner, type_name) {
                    (Some(number), "bigint" | "integer" | "double precision" | "real") => number.to_owned(),
                    (Some(_), _) => value.to_owned(),
                    (None, _) if matches!(told, "true" | "false") => told.to_uppercase(),
                    (None, _) => told.to_owned(),
                }
            }
        }
    }
}
