use super::{Acting, ListedInvite, People};
use crate::domain::{Action, Actor, AuditEntry, Registration, Session, User};
use crate::ports::{AuditFilter, InviteFilter, PageRequest, StoreError};

/// How many entries of each kind a file has at most, the newest ones of the audit log.
const MOST: usize = 2000;

/// What the service knows of a member.
#[derive(Debug)]
pub struct Export {
    /// The member.
    pub user: User,
    /// How the account came about.
    pub registration: Option<Registration>,
    /// Where the member is logged in.
    pub sessions: Vec<Session>,
    /// The invites that the member made.
    pub invites: Vec<ListedInvite>,
    /// What the member did, and what was done to the account.
    pub audit: Vec<AuditEntry>,
}

impl People {
    /// All that the service knows of a member, for that member.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn export(&self, acting: &Acting, user: &User) -> Result<Export, StoreError> {
        let store = &self.world.store;
        self.note(acting, Action::MemberExported, user, Vec::new())
            .await?;
        let mut sessions = Vec::new();
        let mut page = first();
        loop {
            let found = self.auth.sessions(user, &page).await?;
            sessions.extend(found.items);
            page.after = found.next;
            if page.after.is_none() || sessions.len() >= MOST {
                break;
            }
        }
        let mut invites = Vec::new();
        let mut page = first();
        loop {
            let found = store.list_invites(InviteFilter::By(user.id), &page).await?;
            for invite in found.items {
                invites.push(ListedInvite {
                    standing: invite.standing(self.world.now()),
                    mail: None,
                    joined: self.joined(&invite).await?,
                    invite,
                });
            }
            page.after = found.next;
            if page.after.is_none() || invites.len() >= MOST {
                break;
            }
        }
        let name = user.username.to_string();
        let mut audit = Vec::new();
        for filter in [AuditFilter::Actor(name.clone()), AuditFilter::Subject(name)] {
            let mut page = first();
            let mut part = Vec::new();
            loop {
                let found = store.list_audit_entries(&filter, &page).await?;
                // Of that name, which someone else may have had before.
                let own = found.items.into_iter().filter(|e| is_about(e, user));
                part.extend(own);
                page.after = found.next;
                if page.after.is_none() || part.len() >= MOST {
                    break;
                }
            }
            audit.extend(part);
        }
        audit.sort_by_key(|e| e.number);
        audit.dedup_by_key(|e| e.number);
        Ok(Export {
            registration: store.registration(user.id).await?,
            user: user.clone(),
            sessions,
            invites,
            audit,
        })
    }
}

/// Whether the member did it, or it was done to the member's account or registration, which have the
/// same id.
fn is_about(entry: &AuditEntry, user: &User) -> bool {
    let did = matches!(entry.actor, Actor::Member { id, .. } if id == user.id);
    let id = user.id.to_string();
    did || entry.subject.as_ref().is_some_and(|s| s.id == id)
}

fn first() -> PageRequest {
    PageRequest {
        limit: 100,
        after: None,
    }
}
