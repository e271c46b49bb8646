//! What crosses the socket between `registrar-web` and `provisiond`: the Varlink interface
//! `org.cosmicregistrar.Provision`, its validated types, its frames, and a client.
//!
//! Both sides parse with these types. `provisiond` trusts nothing that it did not parse itself,
//! so a value of [`Username`] or [`BcryptHash`] has passed the same rule in either process.

mod account;
mod bcrypt_hash;
#[cfg(feature = "client")]
mod client;
mod display_name;
mod error;
pub mod frame;
mod group;
mod group_name;
mod ids;
mod method;
mod proof;
mod reserved;
mod ssh_public_key;
mod username;

pub use account::{Account, AccountState, HostView};
pub use bcrypt_hash::{BcryptHash, BcryptHashError};
#[cfg(feature = "client")]
pub use client::{CallError, Client, Timeouts};
pub use display_name::{DisplayName, DisplayNameError};
pub use error::ProvisionError;
pub use group::{
    CreateGroupReply, Group, GroupReply, GroupState, MAX_GROUP_MEMBERS, OnGroup, SetGroupMembers,
    SetGroupMembersReply,
};
pub use group_name::{GroupName, GroupNameError};
pub use ids::{IdError, RegistrationId, RequestId};
pub use method::{
    AccountReply, ActivateAccount, CheckUsername, CheckUsernameReply, ConfigureMail, CreateAccount,
    DiscardAccount, GetAccountReply, HealthReply, ListAccounts, ListAccountsReply, Method,
    OnAccount, OnlyRequestId, SetDisplayName, SetPassword, SetSshKeys, Step,
};
pub use proof::{Finding, LoginProof, ProveAccountReply, Verdict};
pub use reserved::is_reserved;
pub use ssh_public_key::{MAX_KEYS, SshKeyAlgorithm, SshKeyError, SshPublicKey};
pub use username::{Username, UsernameError};

/// The Varlink name of the interface.
pub const INTERFACE: &str = "org.cosmicregistrar.Provision";

/// The interface definition as it is checked in, and as `GetInterfaceDescription` answers it.
pub const INTERFACE_DESCRIPTION: &str = include_str!("../org.cosmicregistrar.Provision.varlink");
