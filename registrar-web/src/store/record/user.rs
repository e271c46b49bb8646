use uuid::Uuid;

use super::{Key, Leased, Record, due, field, leased, text};
use crate::domain::{Role, User, UserState, Work};

/// What a field has that is there or not.
pub(in crate::store) const YES: &str = "yes";

impl Record for User {
    const COLLECTION: &'static str = "users";
    const FIELDS: &'static [&'static str] = &[
        field::USERNAME,
        field::EMAIL,
        field::TOKEN,
        field::DUE_AT,
        field::LEASED_UNTIL,
        field::STAFF,
        field::CLOSED,
        field::IN_GRACE,
        field::HOST_PENDING,
        field::ORGANISATION,
    ];

    fn id(&self) -> Uuid {
        self.id.uuid()
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
    fn keys(&self) -> Vec<Option<Key>> {
        let yes = |is: bool| is.then_some(YES).and_then(text);
        let is_staff = self.role != Role::ClientUser;
        let is_closed = matches!(self.state, UserState::Suspended | UserState::Deleted);
        let recovery = self.credentials.recovery.as_ref();
        vec![
            text(&self.username),
            self.claimed_email().map(Key::Text),
            recovery.and_then(|r| text(r.token.as_str())),
            due(&self.work),
            leased(&self.work),
            is_staff.then(|| self.role.as_str()).and_then(text),
            is_closed.then(|| self.state.as_str()).and_then(text),
            yes(self.is_in_grace()),
            yes(self.standing.host_follow_up.is_some()),
            self.organisation
                .filter(|_| self.state != UserState::Deleted)
                .and_then(text),
        ]
    }
}

impl Leased for User {
    fn work_mut(&mut self) -> &mut Work {
        &mut self.work
    }
}
