//! What a registration is and what may happen to it. No I/O, no clock, no randomness: time and
//! random bytes are arguments.

mod audit;
mod authority;
mod breach;
mod credentials;
mod devices;
mod email;
mod event;
mod first_login;
mod invite;
mod organisation;
mod outgoing;
mod password;
mod places;
mod profile;
mod receipt;
mod registration;
mod review;
mod second_factor;
mod session;
mod signup;
mod signup_fields;
mod ssh_keys;
mod standing;
mod status;
mod user;
mod verification;
mod work;

pub use audit::{Action, Actor, AuditEntry, AuditEvent, AuditId, BrokenChain, Subject};
pub use authority::{Act, ActError, Authority};
pub use breach::BreachDigest;
pub use credentials::{Credentials, HostPart, HostTask, Kept, OnHost};
pub use devices::KnownDevices;
pub use email::{Email, EmailError, MailDomain};
pub use event::{EventId, LiveEvent, News};
pub use first_login::FirstLogin;
pub use invite::{
    Invite, InviteId, InviteNote, InviteStanding, InviteState, InviteTerms, InviteUse, Inviter,
    Joins, NoteError, Revoked,
};
pub use organisation::{
    GroupOnHost, GroupTask, HostGroup, Organisation, OrganisationId, SeesNobody, Slug, SlugError,
    SlugStays,
};
pub use outgoing::{CredentialChange, FactorChange, MailId, MailJob, MailKind, MailState};
pub use password::{Password, PasswordError, PasswordHints, Strength};
pub use places::Places;
pub use profile::{
    Bio, Country, Link, NotACountry, PersonName, Profile, ProfileField, ProfileForm, ProfileRules,
    TextError,
};
pub use receipt::{MendError, ReceiptToken};
pub use registration::{Failure, MailTrouble, Next, Passed, Registration, Stage, Undo};
pub use review::{
    Answer, Claim, DomainLists, Note, Question, Remark, Review, ReviewCase, ReviewError, Warning,
    spellings,
};
pub use second_factor::{
    Answered, Challenge, ChallengeId, ChallengeToken, FactorMethod, FactorNews, FactorNotice,
    FactorPolicy, Proof, RecoveryCode, SealedSecret, SecondFactor, TotpSecret, Unconfirmed,
    Unreadable, login_code, second_factor_of,
};
pub use session::{
    Device, Ended, FormToken, Origin, PageToken, Presented, RefreshKey, RefreshToken, Session,
    SessionEnd, SessionId,
};
pub use signup::{FieldError, FieldErrors, SignupForm, SignupRequest, SignupRules, SshKeysField};
pub use signup_fields::{FieldKind, FormField, FormRules};
pub use ssh_keys::{KeptKey, SshKeyId};
pub use standing::{Decision, HostFollowUp, Standing};
pub use status::{Flow, InvalidTransition, Mode, Status};
pub use user::{Access, Role, User, UserId, UserState};
pub use verification::{
    CodeCheck, TokenDigest, Verification, VerificationCode, VerificationKey, VerificationToken,
};
pub use work::{Lease, Work, WorkerId};

pub use jiff::Timestamp;
pub use provision_api::{
    BcryptHash, DisplayName, RegistrationId, RequestId, SshPublicKey, Username,
};
