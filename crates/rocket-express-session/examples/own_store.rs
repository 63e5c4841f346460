//! A store of your own, in SQLite: `cargo run --example own_store --features contract`.
//!
//! The app is a counter, and a restart keeps it: the sessions are in a file in the folder for temporary ones.
//! The store has the five methods of [`Store`], and `take` in one command. It is no `Registry`, so it cannot
//! list the sessions of a user. The test at the end proves it, with the contract of the crate:
//! `cargo test --example own_store --features contract`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rocket::tokio::task::spawn_blocking;
use rocket::{get, launch, routes};
use rocket_express_session::store::{Record, Store, Times};
use rocket_express_session::{Session, SessionId, Sessions, SetError, Timestamp, Unavailable};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// SQLite compares texts byte by byte, as a store must. In other databases, choose such a collation. Times
/// are in milliseconds; NULL: another program made the session, or it never expires.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS sessions (
        id TEXT PRIMARY KEY,
        json TEXT NOT NULL,
        user_agent TEXT,
        address TEXT,
        created INTEGER,
        last_modified INTEGER,
        expires INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires);
";

/// Sessions in a table of SQLite.
struct SqliteStore(Arc<Mutex<Connection>>);

impl SqliteStore {
    fn open(path: impl AsRef<Path>) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(TABLE)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs SQL in a thread that may wait: on an async worker, other requests would wait with it.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let connection = self.0.clone();
        let work = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        spawn_blocking(work).await.map_err(Unavailable::new)?.map_err(Unavailable::new)
    }
}

#[rocket::async_trait]
impl Store for SqliteStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let id = id.as_str().to_owned();
        let found = self.run(move |sqlite| {
            let sql = "SELECT json, user_agent, address, created, last_modified, expires
                FROM sessions WHERE id = ?1 AND (expires IS NULL OR expires > ?2)";
            sqlite.query_row(sql, params![id, now()], read).optional()
        });
        Ok(found.await?.flatten())
    }

    /// The primary key refuses a taken ID. Expired sessions are deleted here: each one had an insert.
    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        let id = id.as_str().to_owned();
        let insert = self.run(move |sqlite| {
            sqlite.execute("DELETE FROM sessions WHERE expires <= ?1", [now()])?;
            let sql = "INSERT INTO sessions
                (id, json, user_agent, address, created, last_modified, expires)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let [created, last_modified, expires] = columns(record.times);
            let (json, agent, address) = (record.json(), &record.user_agent, &record.address);
            let row = params![id, json, agent, address, created, last_modified, expires];
            sqlite.execute(sql, row)?;
            Ok(record)
        });
        insert.await
    }

    /// Compare-and-swap: `json = ?5` makes sure that no other request has changed the session.
    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        let (id, old) = (id.as_str().to_owned(), old.json().to_owned());
        let update = self.run(move |sqlite| {
            let sql = "UPDATE sessions SET json = ?1, last_modified = ?2, expires = ?3
                WHERE id = ?4 AND json = ?5 AND (expires IS NULL OR expires > ?6)";
            let [_, last_modified, expires] = columns(new.times);
            let values = params![new.json(), last_modified, expires, id, old, now()];
            Ok((sqlite.execute(sql, values)? == 1).then_some(new))
        });
        update.await
    }

    /// `IS`, because NULL is not equal to NULL.
    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        let (id, old) = (id.as_str().to_owned(), columns(old.times));
        let touch = self.run(move |sqlite| {
            let sql = "UPDATE sessions SET last_modified = ?1, expires = ?2
                WHERE id = ?3 AND last_modified IS ?4 AND (expires IS NULL OR expires > ?5)";
            let [_, last_modified, expires] = columns(times);
            Ok(sqlite.execute(sql, params![last_modified, expires, id, old[1], now()])? == 1)
        });
        touch.await
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        let id = id.as_str().to_owned();
        self.run(move |sqlite| Ok(sqlite.execute("DELETE FROM sessions WHERE id = ?1", [id])? == 1))
            .await
    }

    /// Not needed. The default does the same with three commands.
    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let id = id.as_str().to_owned();
        let taken = self.run(move |sqlite| {
            let sql = "DELETE FROM sessions WHERE id = ?1 AND (expires IS NULL OR expires > ?2)
                RETURNING json, user_agent, address, created, last_modified, expires";
            sqlite.query_row(sql, params![id, now()], read).optional()
        });
        Ok(taken.await?.flatten())
    }
}

/// `None` for a text that is no session: the request then has a new one, and does not fail.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Record>> {
    let time = |name| {
        let millis: rusqlite::Result<Option<i64>> = row.get(name);
        millis.map(|millis| millis.map(Timestamp::from_millis))
    };
    let times = Times {
        created: time("created")?,
        last_modified: time("last_modified")?,
        expires: time("expires")?,
    };
    let json: String = row.get("json")?;
    match Record::from_json(&json, times, row.get("user_agent")?) {
        Ok(record) => Ok(Some(record.with_address(row.get("address")?))),
        Err(error) => {
            log::warn!("a row of the table sessions: {error}");
            Ok(None)
        }
    }
}

fn columns(times: Times) -> [Option<i64>; 3] {
    [times.created, times.last_modified, times.expires].map(|time| time.map(Timestamp::as_millis))
}

fn now() -> i64 {
    Timestamp::now().as_millis()
}

#[get("/")]
fn index(session: &Session) -> Result<String, SetError> {
    session.increment("views")?;
    Ok(format!("You have seen this page {} times.", session.get::<u64>("views").unwrap_or(0)))
}

#[launch]
fn rocket() -> _ {
    let file = std::env::temp_dir().join("sessions.db");
    let store = SqliteStore::open(file).expect("a file that can be written");
    let sessions = Sessions::builder(store)
        .secret("an example's secret, which everyone can read")
        .build()
        .expect("valid options");
    rocket::build().attach(sessions).mount("/", routes![index])
}

#[cfg(test)]
mod tests {
    use rocket_express_session::contract::{check_bytes, check_store};

    use super::*;

    #[rocket::async_test]
    async fn the_store_keeps_the_contract() {
        check_store(SqliteStore::open(":memory:").unwrap()).await;
        check_bytes(SqliteStore::open(":memory:").unwrap()).await;
    }
}
