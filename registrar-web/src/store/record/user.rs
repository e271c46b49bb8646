use uuid::Uuid;

use super::{Key, Leased, Record, due, field, leased, text};
use crate::domain::{User, Work};

impl Record for User {
    const COLLECTION: &'static str = "users";
    const FIELDS: &'static [&'static str] = &[
        field::USERNAME,
        field::EMAIL,
        field::TOKEN,
        field::DUE_AT,
        field::LEASED_UNTIL,
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
        let recovery = self.credentials.recovery.as_ref();
        vec![
            text(&self.username),
            self.claimed_email().map(Key::Text),
            recovery.and_then(|r| text(r.token.as_str())),
            due(&self.work),
            leased(&self.work),
        ]
    }
}

impl Leased for User {
    fn work_mut(&mut self) -> &mut Work {
        &mut self.work
    }
}
