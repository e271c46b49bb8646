//! The JSON routes, by family. Each handler's description is where the OpenAPI document comes from.

pub mod admin;
pub mod health;
pub mod register;
pub mod status;
pub mod verify;
pub mod wire;
