use uuid::Uuid;

use super::{Key, Record, field, text};
use crate::domain::User;

impl Record for User {
    const COLLECTION: &'static str = "users";
    const FIELDS: &'static [&'static str] = &[field::USERNAME, field::EMAIL];

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
        vec![text(&self.username), self.claimed_email().map(Key::Text)]
    }
}
