//! The effects of the saga. Each is idempotent under the registration's id.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::invited::{brought_by, return_invite, spend_invite};
use super::mails::{enqueue_verification, tell, verification_mail};
use super::organisations::{joined, touch_group};
use super::world::World;
use crate::domain::{
    Access, Credentials, KeptKey, MailKind, MailState, News, Registration, RequestId, Review,
    Standing, Status, Undo, User, UserState, Work,
};
use crate::ports::{Activation, Availability, EntropyExt, ProvisionFailure, StoreError, Unique};

/// The code of a registration that the host would not make an account for.
pub(super) const HOST_REFUSED: &str = "host-refused";

/// How a step ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Done: the status is reached.
    Done,
    /// The mail is under way; look again after this time.
    Wait(SignedDuration),
    /// The mail was refused: nothing to do until the person mends it or time runs out.
    Stuck,
    /// Not now; try again.
    Later {
        /// For logs and admins.
        error: String,
        /// At least so long.
        after: Option<SignedDuration>,
    },
    /// It can't be taken back: the account has been in its owner's hands.
    TooLate,
    /// Never: undo and end.
    Fail {
        /// A stable word.
        code: &'static str,
        /// For the person.
        message: String,
    },
}

impl Outcome {
    /// How it stands with a step, as the words before its name.
    pub(super) fn gist(&self) -> String {
        match self {
            Self::Done => "done:".into(),
            Self::Wait(pause) => format!("waits {} s for", pause.as_secs()),
            Self::Stuck => "waits for another address or the end, before".into(),
            Self::Later { error, .. } => format!("tries again later ({error}):"),
            Self::TooLate => "too late for".into(),
            Self::Fail { code, .. } => format!("never ({code}):"),
        }
    }
}

/// Carries out what leads to a status, and the unlocking when it is the last one.
pub(super) async fn carry_out(
    world: &World,
    r: &Registration,
    to: Status,
) -> Result<Outcome, StoreError> {
    if to == r.flow.gated() && matches!(r.review, Review::Approved { .. }) {
        tell(world, r, MailKind::Approved).await?;
    }
    let outcome = match to {
        Status::UsernameValidated => validate_name(world, r).await,
        Status::UserCreated => create_user(world, r).await?,
        Status::SystemUserCreated => {
            let request = request_id(r, "create", &[r.username.as_str(), r.display_name.as_str()]);
            of_host(
                world
                    .provisioner
                    .create_account(request, r.id, &r.username, &r.display_name)
                    .await,
            )
        }
        Status::MailConfigured => {
            let request = request_id(r, "configure-mail", &[r.username.as_str()]);
            of_host(
                world
                    .provisioner
                    .configure_mail(request, r.id, &r.username)
                    .await,
            )
        }
        Status::VerificationSent => send_verification(world, r).await?,
        Status::Verified => claim_address(world, r).await?,
        Status::Initiated | Status::Failed => Outcome::Done,
    };
    match outcome {
        Outcome::Done if to == r.flow.last() => unlock(world, r).await,
        other => Ok(other),
    }
}

async fn validate_name(world: &World, r: &Registration) -> Outcome {
    let request = fresh_request_id(world);
    match world
        .provisioner
        .check_username(request, &r.username, Some(r.id))
        .await
    {
        Ok(Availability::Free) => Outcome::Done,
        Ok(Availability::Refused { reason }) => name_refused(&reason),
        Err(e) => of_failure(e),
    }
}

async fn create_user(world: &World, r: &Registration) -> Result<Outcome, StoreError> {
    let (role, sponsor) = brought_by(world, r.invite).await?;
    let user = User {
        id: r.id,
        version: 1,
        username: r.username.clone(),
        display_name: r.display_name.clone(),
        email: r.email.clone(),
        email_proven: false,
        password_hash: r.password_hash.clone(),
        ssh_keys: kept_keys(r),
        profile: r.profile.clone(),
        role,
        organisation: None,
        state: UserState::Pending,
        access: Access::default(),
        credentials: Credentials::default(),
        work: Work::default(),
        standing: Standing {
            sponsor,
            ..Standing::default()
        },
        created_at: world.now(),
    };
    match world.store.insert_user(&user).await {
        Ok(()) | Err(StoreError::Duplicate(Unique::Id)) => Ok(Outcome::Done),
        // The adapters may name either index first; our own record is no obstacle.
        Err(StoreError::Duplicate(_)) => Ok(match world.store.user(r.id).await? {
            Some(_) => Outcome::Done,
            None => name_refused("someone has this name"),
        }),
        Err(e) => Err(e),
    }
}

async fn send_verification(world: &World, r: &Registration) -> Result<Outcome, StoreError> {
    // Whoever has proven the address has got the mail, even if its hand-over was never confirmed.
    if r.address_is_proven() {
        return Ok(Outcome::Done);
    }
    let Some(job) = verification_mail(world, r) else {
        return Ok(Outcome::Later {
            error: "no verification was issued".into(),
            after: None,
        });
    };
    let key = job.dedupe_key.clone();
    let Some(queued) = world.store.mail_by_key(&key).await? else {
        return Ok(Outcome::Wait(enqueue_verification(world, job).await?));
    };
    Ok(match queued.state {
        MailState::Sent { .. } => Outcome::Done,
        MailState::Queued => Outcome::Wait(SignedDuration::from_secs(30)),
        MailState::Failed { .. } => Outcome::Stuck,
    })
}

/// The address becomes the member's own, which nobody else's can be from then on.
async fn claim_address(world: &World, r: &Registration) -> Result<Outcome, StoreError> {
    let Some(mut user) = world.store.user(r.id).await? else {
        return Ok(Outcome::Fail {
            code: "no-user",
            message: "This registration was interrupted; please register again.".into(),
        });
    };
    if user.email_proven {
        return Ok(Outcome::Done);
    }
    // It may have been mended since the member's record was made.
    user.email = r.email.clone();
    user.email_proven = true;
    match world.store.update_user(user).await {
        Ok(_) => Ok(Outcome::Done),
        // A mail tells the one person whose address it is; this text is read by anyone.
        Err(StoreError::Duplicate(_)) => Ok(Outcome::Fail {
            code: "address-in-use",
            message: "This registration could not be completed; we have written to its address."
                .into(),
        }),
        Err(e) => Err(e),
    }
}

/// The commit point: after this the account can be used.
async fn unlock(world: &World, r: &Registration) -> Result<Outcome, StoreError> {
    let Some(user) = world.store.user(r.id).await? else {
        return Ok(Outcome::Fail {
            code: "no-user",
            message: "This registration was interrupted; please register again.".into(),
        });
    };
    let user = take_keys(world, r, user).await?;
    let activation = Activation {
        registration: r.id,
        username: r.username.clone(),
        password_hash: user.password_hash.clone(),
        ssh_keys: user.public_keys(),
    };
    let keys: Vec<&str> = activation.ssh_keys.iter().map(|k| k.as_line()).collect();
    let hash = user.password_hash.as_ref().map_or("", |h| h.expose());
    let request = request_id(
        r,
        "activate",
        &[r.username.as_str(), hash, &keys.join("\n")],
    );
    match world
        .provisioner
        .activate_account(request, &activation)
        .await
    {
        Ok(_) => {}
        // An earlier attempt did it, so long ago that the host has forgotten its answer.
        Err(ProvisionFailure::AlreadyActive { state }) => {
            tracing::info!(REGISTRATION_ID = %r.id, USERNAME = %r.username, ?state, "the account was activated before");
        }
        Err(e) => return Ok(of_failure(e)),
    }
    enrol(world, r).await?;
    Ok(Outcome::Done)
}

/// The member's record gets the keys that the registration has now: they may have been mended since
/// it was made.
async fn take_keys(world: &World, r: &Registration, mut user: User) -> Result<User, StoreError> {
    if user.state != UserState::Pending || user.public_keys() == r.ssh_keys {
        return Ok(user);
    }
    user.ssh_keys = kept_keys(r);
    world.store.update_user(user).await
}

fn kept_keys(r: &Registration) -> Vec<KeptKey> {
    let keys = r.ssh_keys.iter().cloned();
    keys.map(KeptKey::of_sign_up).collect()
}

/// Writes down that the account is in use: the member's record, the organisation, the invite.
pub(super) async fn enrol(world: &World, r: &Registration) -> Result<(), StoreError> {
    // Only now: an organisation that began with an invite has a member who runs it.
    let organisation = joined(world, r).await?;
    if let Some(mut user) = world.store.user(r.id).await?
        // Who was suspended or deleted since, by an admin quicker than this, stays so.
        && user.state == UserState::Pending
    {
        user.state = UserState::Active;
        user.organisation = organisation;
        let (role, _) = brought_by(world, r.invite).await?;
        if user.role.is_at_least(role) && user.role != role {
            tracing::warn!(REGISTRATION_ID = %r.id, USERNAME = %r.username, given = role.as_str(), promised = user.role.as_str(), "{}: the invite gives its role no more", r.username);
            user.role = role;
        }
        // Who is shown to get in is welcomed (`auth::HostSide`).
        user.want_first_login(world.now());
        world.store.update_user(user).await?;
        world.members_due.notify_one();
        let news = News::RegistrationStatus {
            status: r.flow.last(),
            progress: 100,
        };
        world.events.publish(r.id, news).await;
    }
    touch_group(world, organisation).await?;
    if let Some(invite) = r.invite {
        spend_invite(world, invite, r).await?;
    }
    Ok(())
}

/// Takes one thing back.
pub(super) async fn take_back(
    world: &World,
    r: &Registration,
    what: Undo,
) -> Result<Outcome, StoreError> {
    match what {
        Undo::Account => {
            let request = request_id(r, "discard", &[r.username.as_str()]);
            match world
                .provisioner
                .discard_account(request, r.id, &r.username)
                .await
            {
                Ok(()) | Err(ProvisionFailure::NoSuchAccount) => Ok(Outcome::Done),
                Err(ProvisionFailure::AlreadyActive { .. }) => Ok(Outcome::TooLate),
                // What can't be undone must not be forgotten: it stays on the list until an admin
                // has seen to it.
                Err(e) => Ok(Outcome::Later {
                    error: e.to_string(),
                    after: (!e.is_transient()).then(|| SignedDuration::from_mins(10)),
                }),
            }
        }
        Undo::User => world.store.delete_user(r.id).await.map(|()| Outcome::Done),
        Undo::Invite => match r.invite {
            Some(invite) => return_invite(world, invite, r.id)
                .await
                .map(|()| Outcome::Done),
            None => Ok(Outcome::Done),
        },
    }
}

fn of_host<T>(result: Result<T, ProvisionFailure>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(e) => of_failure(e),
    }
}

fn of_failure(e: ProvisionFailure) -> Outcome {
    match e {
        ProvisionFailure::Transient {
            message,
            retry_after_seconds,
        } => Outcome::Later {
            error: message,
            after: retry_after_seconds.map(|s| SignedDuration::from_secs(i64::from(s))),
        },
        ProvisionFailure::NameUnavailable { reason } => name_refused(&reason),
        e @ (ProvisionFailure::NoSuchAccount
        | ProvisionFailure::AlreadyActive { .. }
        | ProvisionFailure::NoSuchGroup
        | ProvisionFailure::NotAMember { .. }
        | ProvisionFailure::Permanent { .. }) => {
            tracing::error!(error = %e, "the host refuses a step for good");
            Outcome::Fail {
                code: HOST_REFUSED,
                message: "The host could not make this account. Everything has been taken back; the admins can see why.".into(),
            }
        }
    }
}

fn name_refused(reason: &str) -> Outcome {
    Outcome::Fail {
        code: "name-unavailable",
        message: format!(
            "This name is not available ({reason}). Please register with another one."
        ),
    }
}

/// A request id for a call that only reads.
pub(super) fn fresh_request_id(world: &World) -> RequestId {
    RequestId::new(world.entropy.uuid_v7(world.now()))
}

/// The request id of a step: the same for the same registration, step and parameters, so that a
/// repeated attempt, after a crash too, is the same request. A UUID of version 8 (RFC 9562).
fn request_id(r: &Registration, step: &str, parameters: &[&str]) -> RequestId {
    let mut hash = Sha256::new();
    hash.update(r.id.uuid().as_bytes());
    for part in std::iter::once(&step).chain(parameters) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    RequestId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
