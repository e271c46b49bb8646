//! What reviewers are warned of, found when an application comes in.

use jiff::SignedDuration;

use super::register::ClientKey;
use super::world::Registrar;
use crate::domain::{Registration, Review, Username, Warning, spellings};
use crate::ports::StoreError;

/// How many spellings of a name are looked up; each is one read by an index.
const SPELLINGS: usize = 96;
/// How many names that look alike are told.
const MOST_ALIKE: usize = 3;
/// Applications of one client address are counted for so long.
const SAME_CLIENT: SignedDuration = SignedDuration::from_hours(24);

impl Registrar {
    /// Looks at an application for its reviewers; nothing where there are none.
    pub(super) async fn find_warnings(
        &self,
        r: &Registration,
        client: &ClientKey,
    ) -> Result<Vec<Warning>, StoreError> {
        if r.review == Review::NotNeeded {
            return Ok(Vec::new());
        }
        let mut warnings = self.names_alike(&r.username).await?;
        warnings.extend(self.policy.domains.warnings(&r.email));
        let key = format!("applications:{}", client.0);
        let now = self.world.now();
        let counted = self.world.store.count(&key, SAME_CLIENT, now).await?;
        if counted.count > 1 {
            warnings.push(Warning::SameClient {
                others: counted.count - 1,
            });
        }
        Ok(warnings)
    }

    async fn names_alike(&self, name: &Username) -> Result<Vec<Warning>, StoreError> {
        let mut warnings = Vec::new();
        for other in spellings(name.as_str(), SPELLINGS) {
            let Ok(other) = Username::parse(&other) else {
                continue;
            };
            let name = other.to_string();
            if provision_api::is_reserved(&other) {
                warnings.push(Warning::LooksReserved { name });
            } else if self.world.store.user_by_username(&other).await?.is_some() {
                warnings.push(Warning::LooksLikeMember { name });
            }
            if warnings.len() == MOST_ALIKE {
                break;
            }
        }
        Ok(warnings)
    }
}
