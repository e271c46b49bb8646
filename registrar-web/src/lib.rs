//! The unprivileged half of Cosmic Registrar: pages and API, the registration saga, the outbox.
//!
//! Arrows point down: `http` → `people` → `auth` → `registration` → `ports` → `domain`. Adapters
//! (`store`, `mail`, `provision`, `hash`, `breaches`) implement ports and are named only in [`app`], where the
//! program is put together.

pub mod app;
pub mod audit;
pub mod auth;
pub mod breaches;
pub mod config;
pub mod crash_point;
pub mod domain;
pub mod events;
pub mod hash;
pub mod host_groups;
pub mod http;
pub mod logging;
pub mod mail;
pub mod metrics;
pub mod outbox;
pub mod people;
pub mod plots;
pub mod ports;
pub mod provision;
pub mod registration;
pub mod secrets;
pub mod stats;
pub mod store;
mod sys;
pub mod tally;
pub mod text;
pub mod way_in;
mod worker;
