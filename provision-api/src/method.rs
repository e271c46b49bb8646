use serde::{Deserialize, Serialize};

use crate::{
    Account, BcryptHash, DisplayName, GroupName, HostView, OnGroup, RegistrationId, RequestId,
    SetGroupMembers, SshPublicKey, Username,
};

/// A call of the interface, as both sides write and read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "method", content = "parameters")]
pub enum Method {
    /// Whether a name could be given out.
    #[serde(rename = "org.cosmicregistrar.Provision.CheckUsername")]
    CheckUsername(CheckUsername),
    /// Make the Linux user, locked.
    #[serde(rename = "org.cosmicregistrar.Provision.CreateAccount")]
    CreateAccount(CreateAccount),
    /// Maildir, neomutt; publish the home.
    #[serde(rename = "org.cosmicregistrar.Provision.ConfigureMail")]
    ConfigureMail(ConfigureMail),
    /// The commit point.
    #[serde(rename = "org.cosmicregistrar.Provision.ActivateAccount")]
    ActivateAccount(ActivateAccount),
    /// Take back what was never active.
    #[serde(rename = "org.cosmicregistrar.Provision.DiscardAccount")]
    DiscardAccount(DiscardAccount),
    /// Replace the host password.
    #[serde(rename = "org.cosmicregistrar.Provision.SetPassword")]
    SetPassword(SetPassword),
    /// Replace the registrar's key file.
    #[serde(rename = "org.cosmicregistrar.Provision.SetSshKeys")]
    SetSshKeys(SetSshKeys),
    /// Replace the full name of an active account.
    #[serde(rename = "org.cosmicregistrar.Provision.SetDisplayName")]
    SetDisplayName(SetDisplayName),
    /// Whether the owner can get in and read mail.
    #[serde(rename = "org.cosmicregistrar.Provision.ProveAccount")]
    ProveAccount(OnAccount),
    /// One account.
    #[serde(rename = "org.cosmicregistrar.Provision.GetAccount")]
    GetAccount(OnAccount),
    /// Make an organisation's group and its shared directory.
    #[serde(rename = "org.cosmicregistrar.Provision.CreateGroup")]
    CreateGroup(OnGroup),
    /// Replace the list of a group's members.
    #[serde(rename = "org.cosmicregistrar.Provision.SetGroupMembers")]
    SetGroupMembers(SetGroupMembers),
    /// One group.
    #[serde(rename = "org.cosmicregistrar.Provision.GetGroup")]
    GetGroup(OnGroup),
    /// Can it work.
    #[serde(rename = "org.cosmicregistrar.Provision.Health")]
    Health(OnlyRequestId),
    /// Close an account, keep its data.
    #[serde(rename = "org.cosmicregistrar.Provision.SuspendAccount")]
    SuspendAccount(OnAccount),
    /// Undo a suspension.
    #[serde(rename = "org.cosmicregistrar.Provision.ResumeAccount")]
    ResumeAccount(OnAccount),
    /// Pack away.
    #[serde(rename = "org.cosmicregistrar.Provision.ArchiveAccount")]
    ArchiveAccount(OnAccount),
    /// Undo an archive.
    #[serde(rename = "org.cosmicregistrar.Provision.RestoreAccount")]
    RestoreAccount(OnAccount),
    /// Remove for good.
    #[serde(rename = "org.cosmicregistrar.Provision.RemoveAccount")]
    RemoveAccount(OnAccount),
    /// Page through all accounts.
    #[serde(rename = "org.cosmicregistrar.Provision.ListAccounts")]
    ListAccounts(ListAccounts),
    /// Take all members out and the directory out of reach.
    #[serde(rename = "org.cosmicregistrar.Provision.ArchiveGroup")]
    ArchiveGroup(OnGroup),
    /// Undo an archive, without members.
    #[serde(rename = "org.cosmicregistrar.Provision.RestoreGroup")]
    RestoreGroup(OnGroup),
    /// Remove an archived group for good.
    #[serde(rename = "org.cosmicregistrar.Provision.RemoveGroup")]
    RemoveGroup(OnGroup),
}

impl Method {
    /// The id that every call carries.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        match self {
            Self::CheckUsername(p) => p.request_id,
            Self::CreateAccount(p) => p.request_id,
            Self::ConfigureMail(p) => p.request_id,
            Self::ActivateAccount(p) => p.request_id,
            Self::DiscardAccount(p) => p.request_id,
            Self::SetPassword(p) => p.request_id,
            Self::SetSshKeys(p) => p.request_id,
            Self::SetDisplayName(p) => p.request_id,
            Self::ProveAccount(p)
            | Self::GetAccount(p)
            | Self::SuspendAccount(p)
            | Self::ResumeAccount(p)
            | Self::ArchiveAccount(p)
            | Self::RestoreAccount(p)
            | Self::RemoveAccount(p) => p.request_id,
            Self::Health(p) => p.request_id,
            Self::ListAccounts(p) => p.request_id,
            Self::SetGroupMembers(p) => p.request_id,
            Self::CreateGroup(p)
            | Self::GetGroup(p)
            | Self::ArchiveGroup(p)
            | Self::RestoreGroup(p)
            | Self::RemoveGroup(p) => p.request_id,
        }
    }

    /// The short name of the method, for logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CheckUsername(_) => "CheckUsername",
            Self::CreateAccount(_) => "CreateAccount",
            Self::ConfigureMail(_) => "ConfigureMail",
            Self::ActivateAccount(_) => "ActivateAccount",
            Self::DiscardAccount(_) => "DiscardAccount",
            Self::SetPassword(_) => "SetPassword",
            Self::SetSshKeys(_) => "SetSshKeys",
            Self::SetDisplayName(_) => "SetDisplayName",
            Self::ProveAccount(_) => "ProveAccount",
            Self::GetAccount(_) => "GetAccount",
            Self::CreateGroup(_) => "CreateGroup",
            Self::SetGroupMembers(_) => "SetGroupMembers",
            Self::GetGroup(_) => "GetGroup",
            Self::Health(_) => "Health",
            Self::SuspendAccount(_) => "SuspendAccount",
            Self::ResumeAccount(_) => "ResumeAccount",
            Self::ArchiveAccount(_) => "ArchiveAccount",
            Self::RestoreAccount(_) => "RestoreAccount",
            Self::RemoveAccount(_) => "RemoveAccount",
            Self::ListAccounts(_) => "ListAccounts",
            Self::ArchiveGroup(_) => "ArchiveGroup",
            Self::RestoreGroup(_) => "RestoreGroup",
            Self::RemoveGroup(_) => "RemoveGroup",
        }
    }

    /// The name of the account that the call is about, where it is about one.
    #[must_use]
    pub fn username(&self) -> Option<&Username> {
        match self {
            // The one call that takes any text for a name, because judging it is its purpose.
            Self::CheckUsername(_)
            | Self::Health(_)
            | Self::ListAccounts(_)
            | Self::CreateGroup(_)
            | Self::SetGroupMembers(_)
            | Self::GetGroup(_)
            | Self::ArchiveGroup(_)
            | Self::RestoreGroup(_)
            | Self::RemoveGroup(_) => None,
            Self::CreateAccount(p) => Some(&p.username),
            Self::ConfigureMail(p) => Some(&p.username),
            Self::ActivateAccount(p) => Some(&p.username),
            Self::DiscardAccount(p) => Some(&p.username),
            Self::SetPassword(p) => Some(&p.username),
            Self::SetSshKeys(p) => Some(&p.username),
            Self::SetDisplayName(p) => Some(&p.username),
            Self::ProveAccount(p)
            | Self::GetAccount(p)
            | Self::SuspendAccount(p)
            | Self::ResumeAccount(p)
            | Self::ArchiveAccount(p)
            | Self::RestoreAccount(p)
            | Self::RemoveAccount(p) => Some(&p.username),
        }
    }

    /// The name of the group that the call is about, where it is about one.
    #[must_use]
    pub fn group_name(&self) -> Option<&GroupName> {
        match self {
            Self::SetGroupMembers(p) => Some(&p.name),
            Self::CreateGroup(p)
            | Self::GetGroup(p)
            | Self::ArchiveGroup(p)
            | Self::RestoreGroup(p)
            | Self::RemoveGroup(p) => Some(&p.name),
            _ => None,
        }
    }
}

/// Parameters of `CheckUsername`. The name is any text: the answer says what is wrong with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckUsername {
    /// Names the call.
    pub request_id: RequestId,
    /// The name asked about.
    pub username: String,
    /// The registration that may already hold the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_id: Option<RegistrationId>,
}

/// Parameters of `CreateAccount`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateAccount {
    /// Names the call.
    pub request_id: RequestId,
    /// The registration that the account is for.
    pub registration_id: RegistrationId,
    /// Name of user and group.
    pub username: Username,
    /// Full name, for GECOS and neomutt.
    pub display_name: DisplayName,
}

/// Parameters of `ConfigureMail`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigureMail {
    /// Names the call.
    pub request_id: RequestId,
    /// The registration that the account was made for.
    pub registration_id: RegistrationId,
    /// The account.
    pub username: Username,
}

/// Parameters of `ActivateAccount`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivateAccount {
    /// Names the call.
    pub request_id: RequestId,
    /// The registration that the account was made for.
    pub registration_id: RegistrationId,
    /// The account.
    pub username: Username,
    /// The host password; `None` makes an account that is entered by key alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<BcryptHash>,
    /// At most [`crate::MAX_KEYS`] keys.
    pub ssh_keys: Vec<SshPublicKey>,
}

/// Parameters of `DiscardAccount`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscardAccount {
    /// Names the call.
    pub request_id: RequestId,
    /// The registration that the account was made for.
    pub registration_id: RegistrationId,
    /// The account.
    pub username: Username,
}

/// Parameters of `SetPassword`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetPassword {
    /// Names the call.
    pub request_id: RequestId,
    /// The account.
    pub username: Username,
    /// The new host password.
    pub password_hash: BcryptHash,
}

/// Parameters of `SetSshKeys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSshKeys {
    /// Names the call.
    pub request_id: RequestId,
    /// The account.
    pub username: Username,
    /// At most [`crate::MAX_KEYS`] keys; they replace the ones kept so far.
    pub ssh_keys: Vec<SshPublicKey>,
}

/// Parameters of `SetDisplayName`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetDisplayName {
    /// Names the call.
    pub request_id: RequestId,
    /// The account.
    pub username: Username,
    /// The full name from now on.
    pub display_name: DisplayName,
}

/// Parameters of the methods that need nothing but an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OnAccount {
    /// Names the call.
    pub request_id: RequestId,
    /// The account.
    pub username: Username,
}

/// Parameters of the methods that need nothing at all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OnlyRequestId {
    /// Names the call.
    pub request_id: RequestId,
}

/// Parameters of `ListAccounts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListAccounts {
    /// Names the call.
    pub request_id: RequestId,
    /// The name after which the page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Username>,
    /// 1 to 500.
    pub limit: u32,
}

/// A step of a mutating call, as `more` replies name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Refuse mail for the name, before the name exists.
    RefuseMail,
    /// The Linux group.
    Group,
    /// The list of a group's members.
    Members,
    /// The shared directory of a group: made, or moved in or out of its place.
    Directory,
    /// The Linux user, expired and without a password.
    User,
    /// The home in staging: skel, web directories.
    StageHome,
    /// Maildir and neomutt configuration in the staged home.
    MailFiles,
    /// The home goes to its place.
    PublishHome,
    /// The root-owned key file.
    SshKeys,
    /// The password field of shadow(5).
    Password,
    /// Mail is accepted.
    AcceptMail,
    /// The expiry date goes, so that login is possible.
    Unlock,
    /// The expiry date is set, so that no login is possible.
    Lock,
    /// Running processes of the account are ended, and its cron and at(1) jobs kept from starting.
    EndProcesses,
    /// The home leaves its place.
    UnpublishHome,
    /// The home is packed into the archive.
    Archive,
    /// The home is unpacked from the archive and put in its place.
    Restore,
    /// Files of the account are deleted.
    DeleteFiles,
    /// The Linux user and group are deleted.
    DeleteUser,
    /// The owner is told.
    Notify,
    /// What its owner needs to get in and to read mail was tried.
    Proof,
    /// The registry is written.
    Record,
}

/// Reply of every mutating method: a step on the way, or the account at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// The step just done (replies that continue).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The account as it is now (the last reply).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
}

/// Reply of `CheckUsername`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckUsernameReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// Whether a new account could have the name now.
    pub available: bool,
    /// Which rule refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Reply of `GetAccount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// What the registry knows.
    pub account: Account,
    /// What the host says.
    pub host: HostView,
}

/// Reply of `Health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// Whether mutating calls can be served.
    pub ready: bool,
    /// What stands in the way, one sentence each.
    pub problems: Vec<String>,
    /// provisiond's version.
    pub version: String,
    /// Accounts in the registry, tombstones not counted.
    pub accounts: u32,
    /// Accounts made in the last hour.
    pub created_this_hour: u32,
    /// How many may be made in an hour.
    pub create_limit_per_hour: u32,
    /// Domain of the members' mail addresses.
    pub mail_domain: String,
}

/// Reply of `ListAccounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListAccountsReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// In name order.
    pub accounts: Vec<Account>,
    /// Give this as `after` for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Username>,
}
