use uuid::Uuid;

use super::{Key, Leased, Record, due, field, leased, text};
use crate::domain::{MailJob, MailState, Work};

impl Record for MailJob {
    const COLLECTION: &'static str = "mails";
    const FIELDS: &'static [&'static str] = &[
        field::DEDUPE_KEY,
        field::ENDED_AT,
        field::DUE_AT,
        field::LEASED_UNTIL,
    ];

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
        let ended_at = match &self.state {
            MailState::Queued => None,
            MailState::Sent { at } | MailState::Failed { at, .. } => Some(Key::Time(*at)),
        };
        vec![
            text(&self.dedupe_key),
            ended_at,
            due(&self.work),
            leased(&self.work),
        ]
    }
}

impl Leased for MailJob {
    fn work_mut(&mut self) -> &mut Work {
        &mut self.work
    }
}
