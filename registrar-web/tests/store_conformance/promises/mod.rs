//! The promises, each a function that is given a fresh store.

pub(crate) mod audit;
pub(crate) mod corrupt;
pub(crate) mod events;
pub(crate) mod instances;
pub(crate) mod invites;
pub(crate) mod leases;
pub(crate) mod limits;
pub(crate) mod lists;
pub(crate) mod mails;
pub(crate) mod organisations;
pub(crate) mod registrations;
pub(crate) mod second_factors;
pub(crate) mod sessions;
pub(crate) mod users;
