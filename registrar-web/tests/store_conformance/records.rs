//! Records to store.

use jiff::{SignedDuration, Timestamp};
use registrar_web::domain::*;
use uuid::Uuid;

/// Noon of some day; a far one, as a server may delete what ended by its own clock.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(4_102_488_000 + seconds).unwrap()
}

/// The n-th id in the order of making.
pub(crate) fn id(n: u32) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n))
}

pub(crate) fn rid(n: u32) -> RegistrationId {
    RegistrationId::new(id(n))
}

pub(crate) fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

pub(crate) fn worker(n: usize) -> WorkerId {
    WorkerId(format!("worker-{n}"))
}

pub(crate) fn hash() -> BcryptHash {
    BcryptHash::parse("$2b$12$abcdefghijklmnopqrstuu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K").unwrap()
}

pub(crate) fn verification(n: u32, nonce: u8) -> Verification {
    let key = VerificationKey::new([7; 32]);
    Verification::issue(&key, rid(n), [nonce; 16], at(0), at(86_400))
}

pub(crate) fn registration(n: u32, username: &str) -> Registration {
    Registration {
        id: rid(n),
        version: 1,
        username: name(username),
        display_name: DisplayName::parse("Ada Lovelace").unwrap(),
        email: Email::parse("ada@example.org").unwrap(),
        password_hash: Some(hash()),
        ssh_keys: Vec::new(),
        profile: Profile::default(),
        invite: None,
        flow: Flow::ProvisionFirst,
        reached: Status::Initiated,
        history: Vec::new(),
        stage: Stage::Running,
        verification: None,
        review: Review::NotNeeded,
        case: ReviewCase::default(),
        mail_trouble: None,
        work: Work::default(),
        created_at: at(0),
        updated_at: at(0),
        expires_at: at(86_400),
    }
}

/// As it is when it has failed and everything is undone.
pub(crate) fn failed(mut registration: Registration) -> Registration {
    registration
        .fail("unable", "It did not work.", at(1))
        .unwrap();
    registration.conclude(at(2), at(1_000_000));
    registration
}

pub(crate) fn due(n: u32, seconds: i64) -> Registration {
    let mut due = registration(n, &format!("due{n}"));
    due.work = Work::due(at(seconds));
    due
}

pub(crate) fn user(n: u32, username: &str, email: &str, email_proven: bool) -> User {
    User {
        id: rid(n),
        version: 1,
        username: name(username),
        display_name: DisplayName::parse("Ada Lovelace").unwrap(),
        email: Email::parse(email).unwrap(),
        email_proven,
        password_hash: Some(hash()),
        ssh_keys: Vec::new(),
        profile: Profile::default(),
        role: Role::ClientUser,
        organisation: None,
        state: UserState::Pending,
        access: Access::default(),
        credentials: Credentials::default(),
        work: Work::default(),
        standing: Standing::default(),
        created_at: at(0),
    }
}

pub(crate) fn mail(n: u32, dedupe_key: &str) -> MailJob {
    MailJob {
        id: id(n),
        version: 1,
        dedupe_key: dedupe_key.to_owned(),
        kind: MailKind::Rejected {
            reason: "Not now: \"$set\" \u{1f4e8}\n.".into(),
        },
        to: Email::parse("ada@example.org").unwrap(),
        registration: rid(n),
        state: MailState::Queued,
        work: Work::default(),
        created_at: at(0),
    }
}

pub(crate) fn invite(n: u32) -> Invite {
    let byte = u8::try_from(n).unwrap();
    Invite {
        id: id(n),
        version: 1,
        token: VerificationToken::from_bytes([byte; 32]).digest(),
        state: InviteState::Open,
        terms: InviteTerms::default(),
        uses: Vec::new(),
        revoked: None,
        expiry_told: false,
        created_at: at(0),
        expires_at: at(86_400),
    }
}

pub(crate) fn refresh_key() -> RefreshKey {
    RefreshKey::new(VerificationKey::new([7; 32]))
}

pub(crate) fn origin(seconds: i64) -> Origin {
    Origin {
        at: at(seconds),
        address: "192.0.2.7".into(),
        device: Device::clean("lynx \"$x\" \u{1f98a}"),
    }
}

/// The n-th session, of the member with that number.
pub(crate) fn session(n: u32, of: u32) -> (Session, RefreshToken) {
    let user = user(of, "ada", "ada@example.org", true);
    let random = [u8::try_from(n).unwrap(); 16];
    Session::begin(
        &refresh_key(),
        id(n),
        random,
        &user,
        origin(0),
        seconds(100),
    )
}

pub(crate) fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}
