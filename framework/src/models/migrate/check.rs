//! Whether migrations are up to date, for `/readyz` and `doctor`.

use std::sync::Arc;

use super::Migrations;
use super::status;
use crate::health::{Check, Finding};

impl Migrations {
    /// The checks `migrations`, for an instance that must get no traffic while files of its release are pending, and
    /// `models`, with which `doctor` tells everything else that `migrate status` does. `alters` when the config lets `alter` keep this database up to date.
    pub(crate) fn checks(&self, alters: bool) -> Vec<Check> {
        let mut checks = Vec::new();
        if !alters && let Some(files) = self.files().ok().map(|(_, files)| Arc::<[_]>::from(files)) {
            let migrations = self.clone();
            let ready = Check::new("migrations", move || {
                let (migrations, files) = (migrations.clone(), files.clone());
                async move {
                    match status::pending(&migrations, &files).await {
                        Ok(open) if open.is_empty() => Finding::Good("every migration is applied".to_owned()),
                        Ok(open) => Finding::Error(format!(
                            "migrations are pending or half done ({}): run `migrate up`",
                            open.join(", ")
                        )),
                        // The check of the database says so itself.
                        Err(error) => Finding::Warning(error.to_string()),
                    }
                }
            });
            checks.push(ready.for_readiness());
        }
        let migrations = self.clone();
        checks.push(Check::new("models", move || {
            let migrations = migrations.clone();
            async move {
                let status = match migrations.status(alters).await {
                    Ok(status) => status,
                    Err(error) => return Finding::Error(error.to_string()),
                };
                let Some(trouble) = status.trouble(!alters) else {
                    return Finding::Good("the tables are what the models want".to_owned());
                };
                let details = [status.unwritten.as_slice(), status.told_drift()].concat();
                let details =
                    if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
                Finding::Warning(trouble + &details)
            }
        }));
        checks
    }
}
