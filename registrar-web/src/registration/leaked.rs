use super::world::World;
use crate::domain::{BreachDigest, Password};

/// Code and words of the refusal.
pub(crate) const LEAKED: (&str, &str) = (
    "leaked",
    "this password stands in a list of leaked ones, which attackers try first; choose another one",
);

impl World {
    /// Whether a new password stands in a list of leaked ones, where the host asks such a list. One
    /// that does not answer refuses nobody, and the log says so.
    pub(crate) async fn is_leaked(&self, password: &Password) -> bool {
        let Some(list) = &self.breaches else {
            return false;
        };
        let digest = BreachDigest::of(password);
        match list.range(digest.prefix()).await {
            Ok(range) => digest.seen_in(&range) > 0,
            Err(error) => {
                tracing::warn!(%error, "the list of leaked passwords was not asked; the password is taken as it is");
                false
            }
        }
    }
}
