//! The JSON routes, by family. Each handler's description is where the OpenAPI document comes from.

pub(super) mod admin;
pub(super) mod health;
pub(super) mod register;
pub(super) mod status;
pub(super) mod verify;
pub(super) mod wire;
