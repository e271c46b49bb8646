//! The JSON routes, by family. Each handler's description is where the OpenAPI document comes from.

pub(super) mod admin;
pub(super) mod admin_audit;
pub(super) mod admin_site;
pub(super) mod health;
pub(super) mod internal;
pub(super) mod invites;
pub(super) mod keys;
pub(super) mod login;
mod paging;
pub(super) mod password;
pub(super) mod profile;
mod qr;
pub(super) mod register;
pub(super) mod sessions;
pub(super) mod ssh_keys;
pub(super) mod status;
pub(super) mod two_factor;
pub(super) mod users;
pub(super) mod verify;
pub(super) mod wire;
pub(super) mod wire_admin;
pub(super) mod wire_auth;
pub(super) mod wire_credentials;
pub(super) mod wire_factor;
pub(super) mod wire_internal;
mod wire_invites;
mod wire_people;
