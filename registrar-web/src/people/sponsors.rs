use super::People;
use crate::domain::{User, UserId, Username};
use crate::ports::{InviteFilter, PageRequest, StoreError};

/// How deep a tree is followed.
const DEEPEST: usize = 4;
/// How many people it has at most.
const MOST: usize = 200;

/// Someone whom a member, or one of those whom the member has brought in, has brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Who.
    pub username: Username,
    /// How far below the member; 0 for those whom the member has invited.
    pub depth: usize,
}

impl People {
    /// Whom a member has brought in, and whom those have in turn: each right behind who brought
    /// them, four levels deep and 200 people at most. Names are public on a host.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn brought_in_by(&self, user: &User) -> Result<Vec<Branch>, StoreError> {
        let mut tree = Vec::new();
        // The next one to look at is the last.
        let mut waiting = self.accepted(user.id, 0).await?;
        while let Some((id, branch)) = waiting.pop() {
            let depth = branch.depth + 1;
            tree.push(branch);
            if tree.len() == MOST {
                break;
            }
            if depth < DEEPEST {
                waiting.extend(self.accepted(id, depth).await?);
            }
        }
        Ok(tree)
    }

    /// Who has joined by a member's invites, the latest first.
    async fn accepted(
        &self,
        by: UserId,
        depth: usize,
    ) -> Result<Vec<(UserId, Branch)>, StoreError> {
        let page = PageRequest {
            limit: 100,
            after: None,
        };
        let invites = InviteFilter::By(by);
        let found = self.world.store.list_invites(invites, &page).await?;
        let uses = found.items.into_iter().flat_map(|i| i.uses);
        let mut people: Vec<_> = uses
            .filter(|u| u.done)
            .map(|u| {
                let username = u.username;
                (u.registration, Branch { username, depth })
            })
            .collect();
        people.reverse();
        Ok(people)
    }
}
