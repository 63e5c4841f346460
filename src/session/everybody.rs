//! All sessions there are, for somebody in charge: who that is, the caller checks.
//!
//! Beside `others.rs`, which is about the sessions of one login. Nothing here has a whole id.

use super::content::Content;
use super::engine::Engine;
use super::others::Login;
use super::sid::Sid;
use super::store::{Ending, Record};
use crate::db::Unavailable;
use crate::trace;

/// Sessions that are looked at together: each may have 100 KB in it.
const BATCH: u32 = 500;

/// So many times.
const MOST_BATCHES: u32 = 1_000;

/// A session of anybody's, or of nobody's.
#[derive(Clone, Debug)]
pub struct Attended {
    /// Which, from which browser, from when to when.
    pub session: Login,
    /// Who is logged in to it (24 hex digits).
    pub login: Option<String>,
    /// The start of its id.
    pub hook: String,
    /// What is in it.
    pub content: Content,
}

impl Engine {
    /// The collection of the sessions.
    pub fn collection_name(&self) -> &str {
        &self.options.collection
    }

    /// Valid sessions, the newest first: `most` in which somebody is logged in, `others` in which
    /// nobody is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn everybody(&self, most: u32, others: u32) -> Result<Vec<Attended>, Unavailable> {
        let all = self.valid(most, others).await?;
        Ok(all.iter().map(|(sid, record)| self.attend(sid, record)).collect())
    }

    /// Ends the sessions that `which` picks, however many there are; returns how many.
    ///
    /// # Errors
    /// The store does not answer; some may have ended.
    pub async fn end_where(
        &self,
        why: Ending,
        which: impl Fn(&Attended) -> bool,
    ) -> Result<u64, Unavailable> {
        let (mut ended, mut most) = (0, BATCH);
        // Logins that go on meanwhile must not keep us here for ever.
        for _ in 0..MOST_BATCHES {
            let all = self.valid(most, most).await?;
            let seen = all.len();
            let picked = all.into_iter().filter(|(sid, record)| which(&self.attend(sid, record)));
            let picked: Vec<Sid> = picked.map(|(sid, _)| sid).collect();
            if !picked.is_empty() {
                ended += self.store.end(&picked, why).await?;
            } else if seen < most as usize / 2 {
                break;
            } else {
                // Only others' among the newest: older ones may stand behind them. Half of what was
                // asked for, as the store leaves out what it cannot read.
                most = most.saturating_mul(2);
            }
        }
        Ok(ended)
    }

    async fn valid(&self, most: u32, others: u32) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let mut all = self.store.all(most, others).await?;
        all.retain(|(_, record)| !self.is_over(record));
        Ok(all)
    }

    fn attend(&self, sid: &Sid, record: &Record) -> Attended {
        Attended {
            session: Login::of(sid, record, &self.options),
            login: record.content.login(),
            hook: trace::start(sid.as_str()),
            content: record.content.clone(),
        }
    }
}
