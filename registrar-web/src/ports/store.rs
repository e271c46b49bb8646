use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::organisations::OrganisationStore;
use crate::domain::{
    Action, AuditEntry, Email, EventId, Invite, InviteId, LiveEvent, MailId, MailJob,
    OrganisationId, Registration, RegistrationId, Role, Session, SessionId, TokenDigest, User,
    UserId, UserState, Username, WorkerId,
};

/// A value that only one record may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// A record's id.
    Id,
    /// A name: held by a registration, or a member's.
    Username,
    /// A proven address.
    Email,
    /// An organisation's short name.
    Slug,
    /// A mail's dedupe key.
    DedupeKey,
    /// The digest of a token.
    Token,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another record has the value.
    #[error("another record has this {0:?}")]
    Duplicate(Unique),
    /// The record was changed, or is gone, since it was read: read it again.
    #[error("the record was changed by someone else")]
    Conflict,
    /// The store can't be reached or is full. Nothing of the operation is to be relied on.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A record can't be read.
    #[error("a record of {collection} can't be read: {reason}")]
    Corrupt {
        /// Where.
        collection: &'static str,
        /// What serde said.
        reason: String,
    },
}

/// A wish to work.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// Who.
    pub owner: WorkerId,
    /// Due until when.
    pub now: Timestamp,
    /// The lease ends then.
    pub until: Timestamp,
}

/// A page of a list that grows at its end.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// At most so many (1 to 100).
    pub limit: usize,
    /// Begin after the record with this id.
    pub after: Option<uuid::Uuid>,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In the order of their ids, which is that of their making.
    pub items: Vec<T>,
    /// Give this as `after` for the next page; `None` at the end.
    pub next: Option<uuid::Uuid>,
}

/// Which registrations to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationFilter {
    /// All but drafts.
    #[default]
    All,
    /// Held for review.
    InReview,
    /// Failed or being undone.
    Failed,
}

/// Which members to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserFilter {
    /// All.
    #[default]
    All,
    /// Those of that role; for roles above the lowest.
    Staff(Role),
    /// Those who are suspended, or deleted: that state.
    Closed(UserState),
    /// Those deleted who are not anonymised yet.
    InGrace,
    /// Those of whom something is left to do on the host.
    HostPending,
    /// Those of that organisation, but who was deleted.
    Of(OrganisationId),
}

/// Which invites to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InviteFilter {
    /// All.
    #[default]
    All,
    /// Those that a member made.
    By(UserId),
    /// Those whose maker is to be told when they expire ([`Invite::may_expire`]).
    MayExpire,
}

/// How often something happened in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitWindow {
    /// This time included.
    pub count: u32,
    /// When the window ends and counting begins anew.
    pub resets_at: Timestamp,
}

/// How the store is.
#[derive(Clone, Debug)]
pub struct StoreHealth {
    /// Which adapter, and which server's name and version where there is one.
    pub description: String,
    /// Mails that wait to be sent and are overdue by over five minutes.
    pub mails_overdue: u64,
}

/// How many records there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Registrations under way.
    pub registrations_running: u64,
    /// Registrations held for review.
    pub registrations_in_review: u64,
    /// Registrations that failed or are being undone.
    pub registrations_failed: u64,
    /// Registrations that ended with an account.
    pub registrations_complete: u64,
    /// Members' records.
    pub members: u64,
    /// Mails that wait to be sent.
    pub mails_waiting: u64,
}

/// Registrations. Each write compares the version that was read and stores one more.
#[async_trait]
pub trait RegistrationStore {
    /// Stores a new one (version 1).
    ///
    /// # Errors
    /// `Duplicate(Username)` when another registration holds the name.
    async fn insert_registration(&self, new: &Registration) -> Result<(), StoreError>;

    /// Reads one.
    async fn registration(&self, id: RegistrationId) -> Result<Option<Registration>, StoreError>;

    /// The one that holds the name, otherwise the latest that asked for it.
    async fn registration_by_username(
        &self,
        username: &Username,
    ) -> Result<Option<Registration>, StoreError>;

    /// The one whose link has a token with this digest.
    async fn registration_by_token(
        &self,
        token: &TokenDigest,
    ) -> Result<Option<Registration>, StoreError>;

    /// Writes one if its version is still the stored one; returns it with the new version.
    ///
    /// # Errors
    /// `Conflict`, `Duplicate`.
    async fn update_registration(&self, changed: Registration) -> Result<Registration, StoreError>;

    /// Deletes one if its version is still the stored one.
    ///
    /// # Errors
    /// `Conflict`.
    async fn delete_registration(&self, read: &Registration) -> Result<(), StoreError>;

    /// Takes the lease of one that is due and free ([`crate::domain::Work::is_free`]), the longest
    /// overdue first; one caller gets it. The returned record has the lease and its new version.
    async fn lease_registration(
        &self,
        wish: &LeaseRequest,
    ) -> Result<Option<Registration>, StoreError>;

    /// A page of them.
    async fn list_registrations(
        &self,
        filter: RegistrationFilter,
        page: &PageRequest,
    ) -> Result<Page<Registration>, StoreError>;

    /// How many wait for a review that were made no later than that one; of one that waits itself,
    /// its place in the queue, from 1.
    async fn review_queue_place(&self, id: RegistrationId) -> Result<u64, StoreError>;
}

/// Members.
#[async_trait]
pub trait UserStore {
    /// Stores a new one.
    ///
    /// # Errors
    /// `Duplicate(Id)`, `Duplicate(Username)`, `Duplicate(Email)`.
    async fn insert_user(&self, new: &User) -> Result<(), StoreError>;

    /// Reads one.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The member of that name.
    async fn user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError>;

    /// The member who has proven the address.
    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;

    /// The member who may choose a new password with the token of that digest.
    async fn user_by_recovery(&self, token: &TokenDigest) -> Result<Option<User>, StoreError>;

    /// Takes the lease of one whose host account is to be brought up to date, as for registrations.
    async fn lease_user(&self, wish: &LeaseRequest) -> Result<Option<User>, StoreError>;

    /// Writes one if its version is still the stored one.
    ///
    /// # Errors
    /// `Conflict`, `Duplicate(Email)` when another member has proven the address.
    async fn update_user(&self, changed: User) -> Result<User, StoreError>;

    /// Deletes one; no error when it is gone.
    async fn delete_user(&self, id: UserId) -> Result<(), StoreError>;

    /// A page of them, in the order of their ids.
    async fn list_users(
        &self,
        filter: UserFilter,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError>;

    /// How many there are, whose registration may still be under way; deleted ones are not counted.
    async fn count_users(&self) -> Result<u64, StoreError>;
}

/// The outbox.
#[async_trait]
pub trait MailStore {
    /// Queues a mail.
    ///
    /// # Errors
    /// `Duplicate(DedupeKey)` when that mail was queued before.
    async fn enqueue_mail(&self, new: &MailJob) -> Result<(), StoreError>;

    /// Reads one.
    async fn mail(&self, id: MailId) -> Result<Option<MailJob>, StoreError>;

    /// Reads the one with that key.
    async fn mail_by_key(&self, dedupe_key: &str) -> Result<Option<MailJob>, StoreError>;

    /// Writes one if its version is still the stored one.
    ///
    /// # Errors
    /// `Conflict`.
    async fn update_mail(&self, changed: MailJob) -> Result<MailJob, StoreError>;

    /// Takes the lease of one that is due and free, as for registrations.
    async fn lease_mail(&self, wish: &LeaseRequest) -> Result<Option<MailJob>, StoreError>;

    /// Deletes the ones that were sent or failed before that time; says how many.
    async fn forget_mails(&self, ended_before: Timestamp) -> Result<u64, StoreError>;
}

/// Invites.
#[async_trait]
pub trait InviteStore {
    /// Stores a new one.
    async fn insert_invite(&self, new: &Invite) -> Result<(), StoreError>;

    /// Reads one.
    async fn invite(&self, id: InviteId) -> Result<Option<Invite>, StoreError>;

    /// The one whose token has this digest.
    async fn invite_by_token(&self, token: &TokenDigest) -> Result<Option<Invite>, StoreError>;

    /// Writes one if its version is still the stored one.
    ///
    /// # Errors
    /// `Conflict`.
    async fn update_invite(&self, changed: Invite) -> Result<Invite, StoreError>;

    /// A page of them, in the order of their ids.
    async fn list_invites(
        &self,
        filter: InviteFilter,
        page: &PageRequest,
    ) -> Result<Page<Invite>, StoreError>;
}

/// Sessions. Each write compares the version that was read and stores one more, so that of many
/// who spend a refresh token one succeeds.
#[async_trait]
pub trait SessionStore {
    /// Stores a new one.
    ///
    /// # Errors
    /// `Duplicate(Id)`.
    async fn insert_session(&self, new: &Session) -> Result<(), StoreError>;

    /// Reads one, ended ones too.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Writes one if its version is still the stored one; returns it with the new version.
    ///
    /// # Errors
    /// `Conflict`.
    async fn update_session(&self, changed: Session) -> Result<Session, StoreError>;

    /// A page of the sessions of a member that have not been ended, in the order of their ids.
    async fn list_sessions(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError>;

    /// Deletes the ones whose refresh token lapsed before that time; says how many.
    async fn forget_sessions(&self, lapsed_before: Timestamp) -> Result<u64, StoreError>;
}

/// Which entries of the audit log to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuditFilter {
    /// All.
    #[default]
    All,
    /// What someone of that name did ([`crate::domain::Actor::name`]).
    Actor(String),
    /// Where that was done.
    Action(Action),
    /// What was done to someone or something of that name.
    Subject(String),
}

/// The audit log.
#[async_trait]
pub trait AuditStore {
    /// Stores an entry.
    ///
    /// # Errors
    /// `Duplicate(Id)` when there is one of its number.
    async fn insert_audit_entry(&self, new: &AuditEntry) -> Result<(), StoreError>;

    /// A page of it, newest first.
    async fn list_audit_entries(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError>;
}

/// Which events to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFilter {
    /// Everybody's, oldest first.
    All,
    /// A member's, oldest first.
    Of(UserId),
    /// A member's notifications, newest first.
    Notices(UserId),
    /// Those of them that are unread, newest first.
    Unread(UserId),
}

/// What members are told of.
#[async_trait]
pub trait EventStore {
    /// Stores a new one.
    ///
    /// # Errors
    /// `Duplicate(Id)`.
    async fn insert_event(&self, new: &LiveEvent) -> Result<(), StoreError>;

    /// Reads one.
    async fn event(&self, id: EventId) -> Result<Option<LiveEvent>, StoreError>;

    /// Writes one if its version is still the stored one; returns it with the new version.
    ///
    /// # Errors
    /// `Conflict`.
    async fn update_event(&self, changed: LiveEvent) -> Result<LiveEvent, StoreError>;

    /// A page of them; `after` is the id of the last one of the page before, in either order.
    async fn list_events(
        &self,
        filter: EventFilter,
        page: &PageRequest,
    ) -> Result<Page<LiveEvent>, StoreError>;

    /// How many notifications a member has not read.
    async fn unread_events(&self, user: UserId) -> Result<u64, StoreError>;

    /// Deletes those whose time is over ([`LiveEvent::forget_at`]); says how many.
    async fn forget_events(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Counters of rate limits. They hold across restarts and instances; a crash of the machine itself
/// may lose the last seconds of them.
#[async_trait]
pub trait LimitStore {
    /// Counts one more in the key's window, atomically. A window begins with its first count and
    /// lasts that long; counts after its end begin a new one.
    async fn count(
        &self,
        key: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<LimitWindow, StoreError>;

    /// The key's window as it is, without counting; `None` when none runs.
    async fn window(&self, key: &str, now: Timestamp) -> Result<Option<LimitWindow>, StoreError>;

    /// Deletes windows that have ended; says how many.
    async fn forget_limits(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// The store. No operation needs more than one record to change at once.
#[async_trait]
pub trait Store:
    RegistrationStore
    + UserStore
    + OrganisationStore
    + MailStore
    + InviteStore
    + SessionStore
    + AuditStore
    + EventStore
    + LimitStore
    + Send
    + Sync
{
    /// Asks the store itself.
    ///
    /// # Errors
    /// It can't be used.
    async fn health(&self, now: Timestamp) -> Result<StoreHealth, StoreError>;

    /// Counts, each for itself: what changes meanwhile may be counted twice or not at all.
    ///
    /// # Errors
    /// It can't be used.
    async fn counts(&self) -> Result<StoreCounts, StoreError>;

    /// Ends connections in good order.
    async fn close(&self);
}
