use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::documents::{Documents, Order, Select};
use super::record::user::YES;
use super::record::{Record, field, listing};
use crate::domain::{
    Email, Invite, InviteId, MailId, MailJob, Registration, RegistrationId, TokenDigest, User,
    UserId, UserState, Username,
};
use crate::ports::{
    InviteFilter, InviteStore, LeaseRequest, LimitStore, LimitWindow, MailStore, Page, PageRequest,
    RegistrationFilter, RegistrationStore, Store, StoreCounts, StoreError, StoreHealth, Unique,
    UserFilter, UserStore,
};

/// A mail that has waited so long is reported.
const OVERDUE: SignedDuration = SignedDuration::from_mins(5);

/// The store port over a database.
#[derive(Debug)]
pub struct DocumentStore<D> {
    pub(super) documents: D,
}

/// Inserts, and says `Duplicate(Id)` whenever the id is there: databases name any one of the
/// indexes that a record breaks, and "made before" differs from "taken by another".
pub(super) async fn insert<R: Record>(
    documents: &impl Documents,
    new: &R,
) -> Result<(), StoreError> {
    match documents.insert(new).await {
        Err(StoreError::Duplicate(other)) if other != Unique::Id => {
            let there = match documents.get::<R>(new.id()).await {
                Ok(found) => found.is_some(),
                Err(StoreError::Corrupt { .. }) => true,
                Err(e) => return Err(e),
            };
            Err(StoreError::Duplicate(if there {
                Unique::Id
            } else {
                other
            }))
        }
        result => result,
    }
}

/// A page of those that are selected, in the order of their ids.
pub(super) async fn page_of<R: Record>(
    documents: &impl Documents,
    select: Select,
    page: &PageRequest,
) -> Result<Page<R>, StoreError> {
    page_in(documents, select, Order::OldestFirst, page).await
}

/// A page of those that are selected, in that order.
pub(super) async fn page_in<R: Record>(
    documents: &impl Documents,
    select: Select,
    order: Order,
    page: &PageRequest,
) -> Result<Page<R>, StoreError> {
    let limit = page.limit.clamp(1, 100);
    // One more shows whether there is a next page.
    let mut items: Vec<R> = documents.list(select, order, page.after, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(Record::id);
    Ok(Page { items, next })
}

#[async_trait]
impl<D: Documents> RegistrationStore for DocumentStore<D> {
    async fn insert_registration(&self, new: &Registration) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn registration(&self, id: RegistrationId) -> Result<Option<Registration>, StoreError> {
        self.documents.get(id.uuid()).await
    }

    async fn registration_by_username(
        &self,
        username: &Username,
    ) -> Result<Option<Registration>, StoreError> {
        let name = username.as_str();
        match self.documents.find(field::HELD_NAME, name).await? {
            Some(holder) => Ok(Some(holder)),
            None => self.documents.find(field::USERNAME, name).await,
        }
    }

    async fn registration_by_token(
        &self,
        token: &TokenDigest,
    ) -> Result<Option<Registration>, StoreError> {
        self.documents.find(field::TOKEN, token.as_str()).await
    }

    async fn update_registration(&self, changed: Registration) -> Result<Registration, StoreError> {
        self.documents.replace(changed).await
    }

    async fn delete_registration(&self, read: &Registration) -> Result<(), StoreError> {
        let deleted = self
            .documents
            .delete::<Registration>(read.id(), Some(read.version))
            .await?;
        if deleted {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn lease_registration(
        &self,
        wish: &LeaseRequest,
    ) -> Result<Option<Registration>, StoreError> {
        self.documents.lease(wish).await
    }

    async fn list_registrations(
        &self,
        filter: RegistrationFilter,
        page: &PageRequest,
    ) -> Result<Page<Registration>, StoreError> {
        let select = match filter {
            RegistrationFilter::All => Select::Has(field::LISTING),
            RegistrationFilter::InReview => Select::Is(field::LISTING, listing::IN_REVIEW.into()),
            RegistrationFilter::Failed => Select::Is(field::LISTING, listing::FAILED.into()),
        };
        page_of(&self.documents, select, page).await
    }

    async fn review_queue_place(&self, id: RegistrationId) -> Result<u64, StoreError> {
        let waiting = Select::Is(field::LISTING, listing::IN_REVIEW.into());
        let documents = &self.documents;
        documents.count_to::<Registration>(waiting, id.uuid()).await
    }
}

#[async_trait]
impl<D: Documents> UserStore for DocumentStore<D> {
    async fn insert_user(&self, new: &User) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.documents.get(id.uuid()).await
    }

    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        self.documents
            .find(field::USERNAME, username.as_str())
            .await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.documents.find(field::EMAIL, &email.unique_key()).await
    }

    async fn user_by_recovery(&self, token: &TokenDigest) -> Result<Option<User>, StoreError> {
        self.documents.find(field::TOKEN, token.as_str()).await
    }

    async fn lease_user(&self, wish: &LeaseRequest) -> Result<Option<User>, StoreError> {
        self.documents.lease(wish).await
    }

    async fn update_user(&self, changed: User) -> Result<User, StoreError> {
        self.documents.replace(changed).await
    }

    async fn delete_user(&self, id: UserId) -> Result<(), StoreError> {
        self.documents.delete::<User>(id.uuid(), None).await?;
        Ok(())
    }

    async fn list_users(
        &self,
        filter: UserFilter,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError> {
        let select = match filter {
            UserFilter::All => Select::Has(field::USERNAME),
            UserFilter::Staff(role) => Select::Is(field::STAFF, role.as_str().into()),
            UserFilter::Closed(state) => Select::Is(field::CLOSED, state.as_str().into()),
            UserFilter::InGrace => Select::Is(field::IN_GRACE, YES.into()),
            UserFilter::HostPending => Select::Is(field::HOST_PENDING, YES.into()),
            UserFilter::Of(id) => Select::Is(field::ORGANISATION, id.to_string()),
        };
        page_of(&self.documents, select, page).await
    }

    async fn count_users(&self) -> Result<u64, StoreError> {
        let deleted = Select::Is(field::CLOSED, UserState::Deleted.as_str().into());
        let deleted = self.documents.count::<User>(deleted).await?;
        let all = Select::Has(field::USERNAME);
        Ok(self
            .documents
            .count::<User>(all)
            .await?
            .saturating_sub(deleted))
    }
}

#[async_trait]
impl<D: Documents> MailStore for DocumentStore<D> {
    async fn enqueue_mail(&self, new: &MailJob) -> Result<(), StoreError> {
        match self.documents.insert(new).await {
            // The key says whether the mail was queued before, whichever index is named first.
            Err(StoreError::Duplicate(Unique::Id)) => {
                let before = self.mail_by_key(&new.dedupe_key).await?;
                Err(StoreError::Duplicate(match before {
                    Some(_) => Unique::DedupeKey,
                    None => Unique::Id,
                }))
            }
            result => result,
        }
    }

    async fn mail(&self, id: MailId) -> Result<Option<MailJob>, StoreError> {
        self.documents.get(id).await
    }

    async fn mail_by_key(&self, dedupe_key: &str) -> Result<Option<MailJob>, StoreError> {
        self.documents.find(field::DEDUPE_KEY, dedupe_key).await
    }

    async fn update_mail(&self, changed: MailJob) -> Result<MailJob, StoreError> {
        self.documents.replace(changed).await
    }

    async fn lease_mail(&self, wish: &LeaseRequest) -> Result<Option<MailJob>, StoreError> {
        self.documents.lease(wish).await
    }

    async fn forget_mails(&self, ended_before: Timestamp) -> Result<u64, StoreError> {
        self.documents
            .delete_before::<MailJob>(field::ENDED_AT, ended_before)
            .await
    }
}

#[async_trait]
impl<D: Documents> InviteStore for DocumentStore<D> {
    async fn insert_invite(&self, new: &Invite) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn invite(&self, id: InviteId) -> Result<Option<Invite>, StoreError> {
        self.documents.get(id).await
    }

    async fn invite_by_token(&self, token: &TokenDigest) -> Result<Option<Invite>, StoreError> {
        self.documents.find(field::TOKEN, token.as_str()).await
    }

    async fn update_invite(&self, changed: Invite) -> Result<Invite, StoreError> {
        self.documents.replace(changed).await
    }

    async fn list_invites(
        &self,
        filter: InviteFilter,
        page: &PageRequest,
    ) -> Result<Page<Invite>, StoreError> {
        let select = match filter {
            InviteFilter::All => Select::Has(field::TOKEN),
            InviteFilter::By(user) => Select::Is(field::INVITER, user.to_string()),
            InviteFilter::MayExpire => Select::Is(field::MAY_EXPIRE, YES.into()),
        };
        page_of(&self.documents, select, page).await
    }
}

#[async_trait]
impl<D: Documents> LimitStore for DocumentStore<D> {
    async fn count(
        &self,
        key: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<LimitWindow, StoreError> {
        self.documents.count_limit(key, window, now).await
    }

    async fn window(&self, key: &str, now: Timestamp) -> Result<Option<LimitWindow>, StoreError> {
        self.documents.limit(key, now).await
    }

    async fn forget_limits(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.documents.forget_limits(now).await
    }
}

#[async_trait]
impl<D: Documents> Store for DocumentStore<D> {
    async fn health(&self, now: Timestamp) -> Result<StoreHealth, StoreError> {
        let overdue = now.checked_sub(OVERDUE).unwrap_or(Timestamp::MIN);
        Ok(StoreHealth {
            description: self.documents.describe().await?,
            // A mail that has ended is not due.
            mails_overdue: self
                .documents
                .count_before::<MailJob>(field::DUE_AT, overdue)
                .await?,
        })
    }

    async fn counts(&self) -> Result<StoreCounts, StoreError> {
        let registrations = async |listing: &str| {
            let select = Select::Is(field::LISTING, listing.to_owned());
            self.documents.count::<Registration>(select).await
        };
        Ok(StoreCounts {
            registrations_running: registrations(listing::RUNNING).await?,
            registrations_in_review: registrations(listing::IN_REVIEW).await?,
            registrations_failed: registrations(listing::FAILED).await?,
            registrations_complete: registrations(listing::COMPLETE).await?,
            members: self
                .documents
                .count::<User>(Select::Has(field::USERNAME))
                .await?,
            mails_waiting: self
                .documents
                .count::<MailJob>(Select::Has(field::DUE_AT))
                .await?,
        })
    }

    async fn close(&self) {
        self.documents.close().await;
    }
}
