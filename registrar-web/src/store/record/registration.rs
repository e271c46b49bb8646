use uuid::Uuid;

use super::{Key, Leased, Record, due, field, leased, listing, text};
use crate::domain::{Registration, Stage, Work};

impl Record for Registration {
    const COLLECTION: &'static str = "registrations";
    const FIELDS: &'static [&'static str] = &[
        field::USERNAME,
        field::HELD_NAME,
        field::TOKEN,
        field::LISTING,
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
        let listing = match &self.stage {
            Stage::Draft => None,
            Stage::Running if self.review.holds() => Some(listing::IN_REVIEW),
            Stage::Running => Some(listing::RUNNING),
            Stage::Undoing { .. } | Stage::Failed { .. } => Some(listing::FAILED),
            Stage::Complete => Some(listing::COMPLETE),
        };
        vec![
            text(&self.username),
            self.held_name().and_then(text),
            self.token_digest().and_then(|t| text(t.as_str())),
            listing.and_then(text),
            due(&self.work),
            leased(&self.work),
        ]
    }
}

impl Leased for Registration {
    fn work_mut(&mut self) -> &mut Work {
        &mut self.work
    }
}
