use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use std::time::Duration;

use super::{Mongo, bounded};
use crate::domain::{
    AuditEntry, Invite, LiveEvent, MailJob, Organisation, Registration, Session, User,
};
use crate::ports::{StoreError, Unique};
use crate::store::audit::{ACTION, ACTOR, SUBJECT};
use crate::store::events::{self, FORGET_AT, NOTICE, UNREAD};
use crate::store::organisations::SLUG;
use crate::store::record::{Record, field, unique_of};
use crate::store::sessions::{EXPIRES_AT, OWNER};

pub(super) const LIMITS: &str = "limits";

/// Unique among the documents that have the field; named after it.
fn unique(field: &'static str) -> IndexModel {
    let options = IndexOptions::builder()
        .name(field.to_owned())
        .unique(true)
        .partial_filter_expression(doc! { field: { "$exists": true } })
        .build();
    IndexModel::builder()
        .keys(doc! { field: 1 })
        .options(options)
        .build()
}

fn plain(name: &str, keys: Document, has: Option<&'static str>) -> IndexModel {
    let options = IndexOptions::builder()
        .name(name.to_owned())
        .partial_filter_expression(has.map(|field| doc! { field: { "$exists": true } }))
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// Those that have the field, by its value, in the order of their making; named after it.
fn having(field: &'static str) -> IndexModel {
    plain(field, doc! { field: 1, "_id": 1 }, Some(field))
}

/// Work in the order in which it is handed out.
fn due() -> IndexModel {
    let keys = doc! { field::DUE_AT: 1, field::LEASED_UNTIL: 1 };
    plain("due", keys, Some(field::DUE_AT))
}

/// The server deletes documents when that time has come.
fn ends(field: &'static str) -> IndexModel {
    let options = IndexOptions::builder()
        .name("ends".to_owned())
        .expire_after(Duration::ZERO)
        .build();
    IndexModel::builder()
        .keys(doc! { field: 1 })
        .options(options)
        .build()
}

fn declared() -> [(&'static str, Vec<IndexModel>); 9] {
    [
        (
            Registration::COLLECTION,
            vec![
                unique(field::HELD_NAME),
                unique(field::TOKEN),
                plain("names", doc! { field::USERNAME: 1, "_id": 1 }, None),
                plain("lists", doc! { field::LISTING: 1, "_id": 1 }, None),
                due(),
            ],
        ),
        (
            User::COLLECTION,
            vec![
                unique(field::USERNAME),
                unique(field::EMAIL),
                unique(field::TOKEN),
                due(),
                having(field::STAFF),
                having(field::CLOSED),
                having(field::IN_GRACE),
                having(field::HOST_PENDING),
                having(field::ORGANISATION),
            ],
        ),
        (Organisation::COLLECTION, vec![unique(SLUG), due()]),
        (
            MailJob::COLLECTION,
            vec![
                unique(field::DEDUPE_KEY),
                due(),
                plain("ended", doc! { field::ENDED_AT: 1 }, Some(field::ENDED_AT)),
            ],
        ),
        (
            Invite::COLLECTION,
            vec![
                unique(field::TOKEN),
                having(field::INVITER),
                having(field::MAY_EXPIRE),
            ],
        ),
        (
            Session::COLLECTION,
            vec![
                plain("owners", doc! { OWNER: 1, "_id": 1 }, Some(OWNER)),
                plain("lapsed", doc! { EXPIRES_AT: 1 }, None),
            ],
        ),
        (
            AuditEntry::COLLECTION,
            vec![
                plain("actors", doc! { ACTOR: 1, "_id": 1 }, None),
                plain("actions", doc! { ACTION: 1, "_id": 1 }, None),
                plain("subjects", doc! { SUBJECT: 1, "_id": 1 }, Some(SUBJECT)),
            ],
        ),
        (
            LiveEvent::COLLECTION,
            vec![
                plain("owners", doc! { events::OWNER: 1, "_id": 1 }, None),
                having(NOTICE),
                having(UNREAD),
                ends(FORGET_AT),
            ],
        ),
        (LIMITS, vec![ends(field::RESETS_AT)]),
    ]
}

impl Mongo {
    /// Declares all indexes; those that are there already stay.
    pub(super) async fn declare_indexes(&self) -> Result<(), StoreError> {
        for (collection, indexes) in declared() {
            let collection = self.database.collection::<Document>(collection);
            bounded(async { collection.create_indexes(indexes).await }).await?;
        }
        Ok(())
    }
}

/// Which value is taken, from `E11000 duplicate key error collection: DB.COLL index: NAME dup key: …`.
pub(super) fn unique_in(message: &str) -> Option<Unique> {
    let (_, rest) = message.split_once(" index: ")?;
    let name = rest.split_whitespace().next()?;
    unique_of(name.strip_suffix('_').unwrap_or(name))
}
