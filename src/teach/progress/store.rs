//! The progress of all users: in the collection `progress`, or in this process's memory.

use super::Progress;
use crate::auth::OnDelete;
use crate::db::Unavailable;
use crate::db::versioned::VersionedStore;
use crate::names::PROGRESS;
use crate::stores::Backend;

/// The progress of all users, by the ID of the user (24 hex digits). No change undoes a concurrent reset.
pub(crate) type ProgressStore = VersionedStore<Progress>;

impl ProgressStore {
    /// The store in the database of the accounts, or in memory as they are.
    pub(crate) fn new(backing: &Backend) -> Self {
        Self::over(backing.documents(PROGRESS))
    }

    /// Deletes the progress of all users in this lesson.
    pub(crate) async fn reset_lesson(&self, slug: &str) -> Result<(), Unavailable> {
        let remove = |progress: &mut Progress| drop(progress.lessons.remove(slug));
        self.unset(&format!("lessons.{slug}"), remove).await
    }

    /// Deletes the progress of users whose accounts are deleted.
    pub(crate) fn follow_deletions(&self) -> OnDelete {
        let store = self.clone();
        Box::new(move |id| {
            let store = store.clone();
            Box::pin(async move {
                if let Err(error) = store.delete(&id.to_hex()).await {
                    tracing::error!("the progress of a deleted account was not deleted: {error}");
                }
            })
        })
    }
}
