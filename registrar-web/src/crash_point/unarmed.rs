use std::sync::Arc;

use crate::ports::{Clock, Mailer, Provisioner, Store, SystemClock};

/// Ends the process if a test asked for it to end here.
#[inline(always)]
pub fn at(_point: &str) {}

/// The clock of the program.
#[must_use]
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The store, with its crash points.
#[must_use]
pub fn around_store(store: Arc<dyn Store>) -> Arc<dyn Store> {
    store
}

/// The host side, with its crash points.
#[must_use]
pub fn around_provisioner(provisioner: Arc<dyn Provisioner>) -> Arc<dyn Provisioner> {
    provisioner
}

/// The mail system, with its crash points.
#[must_use]
pub fn around_mailer(mailer: Arc<dyn Mailer>) -> Arc<dyn Mailer> {
    mailer
}
