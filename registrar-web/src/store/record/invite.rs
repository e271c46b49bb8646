use uuid::Uuid;

use super::user::YES;
use super::{Key, Record, field, text};
use crate::domain::Invite;

impl Record for Invite {
    const COLLECTION: &'static str = "invites";
    const FIELDS: &'static [&'static str] = &[field::TOKEN, field::INVITER, field::MAY_EXPIRE];

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
    fn keys(&self) -> Vec<Option<Key>> {
        let inviter = self.terms.inviter.as_ref();
        vec![
            text(self.token.as_str()),
            inviter.and_then(|by| text(by.id)),
            self.may_expire().then_some(YES).and_then(text),
        ]
    }
}
