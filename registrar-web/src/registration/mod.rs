//! The way from the form to the account: what people and reviewers may ask for, and the saga that
//! carries it out.

mod admin;
mod amend;
mod case;
mod error;
mod invited;
mod leaked;
mod mails;
mod names;
mod organisations;
mod receipt;
mod register;
mod review;
mod saga;
mod steps;
mod verify;
mod view;
mod warnings;
mod world;

pub use admin::{Readiness, ReadinessCheck};
pub use error::{AdminError, ReceiptError, RegisterError, VerifyError};
pub(crate) use leaked::LEAKED;
pub(crate) use mails::{enqueue_verification, welcome};
pub(crate) use names::name_refusal;
pub(crate) use organisations::touch_group;
pub use register::{ClientKey, NameAnswer};
pub use saga::Saga;
pub use verify::TokenState;
pub use view::{AdminView, Details, Invitation, MESSAGE_KEYS, ReceiptView, RegistrationView};
pub use world::{Policy, Registrar, World};
