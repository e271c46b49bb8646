use super::{Acting, ListedInvite, People};
use crate::auth::FactorStatus;
use crate::domain::{
    Action, Actor, AuditEntry, LiveEvent, Organisation, Registration, Session, User,
};
use crate::ports::{AuditFilter, InviteFilter, Page, PageRequest, StoreError};

/// How many entries of each kind a file has at most, the newest ones of audit log and notifications.
const MOST: usize = 2000;

/// What the service knows of a member. What reviewers wrote of an application for each other is not in it.
#[derive(Debug)]
pub struct Export {
    /// The member.
    pub user: User,
    /// Who brought the member in.
    pub sponsor: Option<User>,
    /// What logins ask for after the password.
    pub second_factor: FactorStatus,
    /// Where the member belongs to.
    pub organisation: Option<Organisation>,
    /// How the account came about.
    pub registration: Option<Registration>,
    /// Where the member is logged in.
    pub sessions: Vec<Session>,
    /// The invites that the member made.
    pub invites: Vec<ListedInvite>,
    /// What the member was told, newest first.
    pub notifications: Vec<LiveEvent>,
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
        let (auth, events) = (&self.auth, &self.world.events);
        let sessions = all(move |page| async move { auth.sessions(user, &page).await }).await?;
        let by = InviteFilter::By(user.id);
        let made = all(move |page| async move { store.list_invites(by, &page).await }).await?;
        let mut invites = Vec::new();
        for invite in made {
            invites.push(ListedInvite {
                standing: invite.standing(self.world.now()),
                mail: None,
                joined: self.joined(&invite).await?,
                invite,
            });
        }
        let told = move |page| async move { events.notices(user.id, false, &page).await };
        let notifications = all(told).await?;
        let name = user.username.to_string();
        let mut audit = Vec::new();
        for filter in [AuditFilter::Actor(name.clone()), AuditFilter::Subject(name)] {
            let filter = &filter;
            let find = move |page| async move { store.list_audit_entries(filter, &page).await };
            let found = all(find).await?.into_iter();
            // Of that name, which someone else may have had before.
            audit.extend(found.filter(|entry| is_about(entry, user)));
        }
        audit.sort_by_key(|e| e.number);
        audit.dedup_by_key(|e| e.number);
        let organisation = match user.organisation {
            Some(id) => store.organisation(id).await?,
            None => None,
        };
        Ok(Export {
            registration: store.registration(user.id).await?,
            sponsor: self.sponsor(user).await?,
            second_factor: self.auth.factor_status(user).await?,
            user: user.clone(),
            organisation,
            sessions,
            invites,
            notifications,
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

/// All of a list, page by page, up to [`MOST`].
async fn all<T, Fetching>(
    fetch: impl Fn(PageRequest) -> Fetching + Send,
) -> Result<Vec<T>, StoreError>
where
    T: Send,
    Fetching: Future<Output = Result<Page<T>, StoreError>> + Send,
{
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let found = fetch(PageRequest { limit: 100, after }).await?;
        items.extend(found.items);
        after = found.next;
        if after.is_none() || items.len() >= MOST {
            return Ok(items);
        }
    }
}
