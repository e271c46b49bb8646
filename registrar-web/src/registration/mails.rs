//! What a registration asks the outbox to send.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::world::World;
use crate::domain::{MailJob, MailKind, MailState, Registration, User, Work};
use crate::ports::{EntropyExt, StoreError};

/// The mail of the registration's present proof.
pub(super) fn verification_mail(world: &World, r: &Registration) -> Option<MailJob> {
    let key = r.verification.as_ref()?.mail_key(r.id);
    Some(mail(world, r, MailKind::VerifyEmail, key))
}

fn mail(world: &World, r: &Registration, kind: MailKind, dedupe_key: String) -> MailJob {
    let now = world.now();
    MailJob {
        id: world.entropy.uuid_v7(now),
        version: 1,
        dedupe_key,
        kind,
        to: r.email.clone(),
        registration: r.id,
        state: MailState::Queued,
        work: Work::due(now),
        created_at: now,
    }
}

/// Queues a mail to an address that may be a stranger's, a verification or an invite, if its mailbox
/// has not had enough of them today. If it has, the mail
/// is kept as one that was sent: who asked learns nothing of what others asked for. Says when to
/// look after it.
pub(crate) async fn enqueue_verification(
    world: &World,
    mut job: MailJob,
) -> Result<SignedDuration, StoreError> {
    let now = world.now();
    let mailbox = hex(&Sha256::digest(job.to.mailbox_key()));
    let day = SignedDuration::from_hours(24);
    let counted = world
        .store
        .count(&format!("mail-to:{mailbox}"), day, now)
        .await?;
    if counted.count <= world.verification_mails {
        enqueue(world, job).await?;
        return Ok(SignedDuration::from_secs(30));
    }
    tracing::warn!(REGISTRATION_ID = %job.registration, count = counted.count, until = %counted.resets_at,
        "this {} mail is not sent: its mailbox has had enough of them", job.kind.name());
    job.state = MailState::Sent { at: now };
    job.work.settle(None);
    enqueue(world, job).await?;
    // About as long as sending one takes.
    Ok(SignedDuration::from_secs(1))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Queues a mail that is queued once whatever happens.
pub(super) async fn enqueue(world: &World, job: MailJob) -> Result<(), StoreError> {
    match world.store.enqueue_mail(&job).await {
        Ok(()) | Err(StoreError::Duplicate(_)) => {
            world.mails_due.notify_one();
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Queues a mail of which a registration gets one.
pub(super) async fn tell(
    world: &World,
    r: &Registration,
    kind: MailKind,
) -> Result<(), StoreError> {
    let key = format!("{}:{}", kind.name(), r.id);
    enqueue(world, mail(world, r, kind, key)).await
}

/// Queues the welcome of a member, once.
pub(crate) async fn welcome(world: &World, user: &User) -> Result<(), StoreError> {
    let now = world.now();
    let kind = MailKind::Welcome;
    let job = MailJob {
        id: world.entropy.uuid_v7(now),
        version: 1,
        dedupe_key: format!("{}:{}", kind.name(), user.id),
        kind,
        to: user.email.clone(),
        registration: user.id,
        state: MailState::Queued,
        work: Work::due(now),
        created_at: now,
    };
    enqueue(world, job).await
}

/// Queues the mail of the question that waits for its answer.
pub(super) async fn question(world: &World, r: &Registration) -> Result<(), StoreError> {
    let Some(number) = r.case.questions.len().checked_sub(1) else {
        return Ok(());
    };
    let kind = MailKind::Question { number };
    let key = format!("{}:{}:{number}", kind.name(), r.id);
    enqueue(world, mail(world, r, kind, key)).await
}
