//! What is counted about a pool of connections.

use super::{Pool, Store};
use crate::metrics::{Kind, Page};

/// A pool as it is now.
struct Now {
    most: u32,
    open: u32,
    idle: usize,
}

impl Store {
    fn now(&self) -> Now {
        macro_rules! of {
            ($pool:expr) => {
                Now {
                    most: $pool.options().get_max_connections(),
                    open: $pool.size(),
                    idle: $pool.num_idle(),
                }
            };
        }
        match self.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => of!(pool),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => of!(pool),
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => of!(pool),
        }
    }

    /// A connection is about to be taken: notes when that has to wait for another one to come back.
    pub(super) fn about_to_take(&self) {
        let Now { most, open, idle } = self.now();
        if idle == 0 && open >= most {
            self.0.waits.add(1);
        }
    }
}

/// Writes the figures of the pools by the names of their datastores.
pub(crate) fn report(stores: &[(String, Store)], page: &mut Page) {
    type Number = fn(&Store) -> u64;
    let figures: [(&str, Kind, &str, Number); 5] = [
        ("regatta_db_pool_max", Kind::Gauge, "The most connections the pool may open.", |store| {
            store.now().most.into()
        }),
        ("regatta_db_pool_open", Kind::Gauge, "Connections of the pool that are open.", |store| {
            store.now().open.into()
        }),
        ("regatta_db_pool_idle", Kind::Gauge, "Those that nobody uses at the moment.", |store| {
            store.now().idle as u64
        }),
        (
            "regatta_db_pool_waits_total",
            Kind::Counter,
            "Times every connection was in use, so that one had to be waited for.",
            |store| store.0.waits.get(),
        ),
        (
            "regatta_db_pool_timeouts_total",
            Kind::Counter,
            "Times none came back within acquire_timeout: the request got 503.",
            |store| store.0.timeouts.get(),
        ),
    ];
    for (name, kind, help, number) in figures {
        let mut family = page.family(kind, name, help);
        for (datastore, store) in stores {
            family.sample(&[("datastore", datastore)], number(store));
        }
    }
}
