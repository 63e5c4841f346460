//! All sessions there are, for somebody in charge: who that is, the caller checks.
//!
//! Beside `others.rs`, which is about the sessions of one login. Nothing here has a whole id.

use super::content::Content;
use super::engine::Engine;
use super::others::Login;
use super::sid::Sid;
use super::store::{Ending, Record, Shown};
use crate::db::Unavailable;
use crate::trace;

/// Sessions that are looked at together: each may have 100 KB in it.
const PAGE: u32 = 500;

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

    /// Valid sessions, as many as `shown` says; of each login the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn everybody(&self, shown: Shown) -> Result<Vec<Attended>, Unavailable> {
        let all = self.valid(shown).await?;
        Ok(all.iter().map(|(sid, record)| self.attend(sid, record)).collect())
    }

    /// Ends those of the shown sessions that `which` picks; returns how many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_shown(
        &self,
        shown: Shown,
        why: Ending,
        which: impl Fn(&Attended) -> bool,
    ) -> Result<u64, Unavailable> {
        let all = self.valid(shown).await?.into_iter();
        let picked = all.filter(|(sid, record)| which(&self.attend(sid, record)));
        let picked: Vec<Sid> = picked.map(|(sid, _)| sid).collect();
        self.store.end(&picked, why).await
    }

    /// Ends all sessions that `which` picks, however many there are; returns how many.
    ///
    /// # Errors
    /// The store does not answer; some may have ended.
    pub async fn end_where(
        &self,
        why: Ending,
        which: impl Fn(&Attended) -> bool,
    ) -> Result<u64, Unavailable> {
        let (mut ended, mut last) = (0, None);
        loop {
            let page = self.store.page(last.as_ref(), PAGE).await?;
            let Some((end, _)) = page.last() else { return Ok(ended) };
            last = Some(end.clone());
            let picked = page.into_iter().filter(|(sid, record)| {
                record.as_ref().is_some_and(|record| which(&self.attend(sid, record)))
            });
            let picked: Vec<Sid> = picked.map(|(sid, _)| sid).collect();
            ended += self.store.end(&picked, why).await?;
        }
    }

    async fn valid(&self, shown: Shown) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let mut all = self.store.all(shown).await?;
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
