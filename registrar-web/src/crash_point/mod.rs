//! Places where a test ends this process as a power cut would: by SIGKILL, at once.
//!
//! There is one before and one after each effect, which are the changing calls of the ports: each
//! port is wrapped where the program is put together. `REGISTRAR_CRASH_AT=POINT` names the point
//! to die at, `POINT#3` its third pass; `REGISTRAR_CRASH_LOG=FILE` gets a line for each point that
//! is passed; `REGISTRAR_CRASH_CLOCK=FILE` holds a number of seconds by which the clock is ahead.
//! Without the cargo feature `crash-points`, which no package is built with, all of this is
//! nothing. `tests/crash` drives it.

#[cfg(feature = "crash-points")]
mod armed;
#[cfg(feature = "crash-points")]
mod organisations;
#[cfg(feature = "crash-points")]
mod ports;
#[cfg(not(feature = "crash-points"))]
mod unarmed;

#[cfg(feature = "crash-points")]
pub use armed::{around_mailer, around_provisioner, around_store, at, clock};
#[cfg(not(feature = "crash-points"))]
pub use unarmed::{around_mailer, around_provisioner, around_store, at, clock};

#[cfg(all(feature = "crash-points", not(debug_assertions)))]
compile_error!("crash points are for tests: a release is built without the feature `crash-points`");

/// All points.
pub const POINTS: &[&str] = &[
    // The first start.
    "key.made.before",
    "key.made.written",
    "key.made.linked",
    "key.made.after",
    // Registrations.
    "store.count.before",
    "store.count.after",
    "store.insert_registration.before",
    "store.insert_registration.after",
    "store.lease_registration.before",
    "store.lease_registration.after",
    "store.update_registration.before",
    "store.update_registration.after",
    "store.delete_registration.before",
    "store.delete_registration.after",
    // Members.
    "store.insert_user.before",
    "store.insert_user.after",
    "store.update_user.before",
    "store.update_user.after",
    "store.delete_user.before",
    "store.delete_user.after",
    // Invites.
    "store.insert_invite.before",
    "store.insert_invite.after",
    "store.update_invite.before",
    "store.update_invite.after",
    // The host.
    "provisioner.create_account.before",
    "provisioner.create_account.after",
    "provisioner.configure_mail.before",
    "provisioner.configure_mail.after",
    "provisioner.activate_account.before",
    "provisioner.activate_account.after",
    "provisioner.discard_account.before",
    "provisioner.discard_account.after",
    "provisioner.prove_account.before",
    "provisioner.prove_account.after",
    // The outbox.
    "store.enqueue_mail.before",
    "store.enqueue_mail.after",
    "store.lease_mail.before",
    "store.lease_mail.after",
    "mailer.send.before",
    "mailer.send.after",
    "store.update_mail.before",
    "store.update_mail.after",
    // Tidying up.
    "store.forget_mails.before",
    "store.forget_mails.after",
    "store.forget_limits.before",
    "store.forget_limits.after",
];

#[cfg(test)]
mod tests {
    use super::POINTS;

    #[test]
    fn the_list_names_every_point_of_the_sources_and_no_other() {
        let mut found = Vec::new();
        for call in include_str!("ports.rs").split("effect!(").skip(1) {
            let effect = call.split('"').nth(1).unwrap();
            found.extend([format!("{effect}.before"), format!("{effect}.after")]);
        }
        for source in [include_str!("ports.rs"), include_str!("../secrets.rs")] {
            for call in source.split("at(\"").skip(1) {
                found.push(call.split('"').next().unwrap().to_owned());
            }
        }
        found.sort();
        let mut listed: Vec<_> = POINTS.iter().map(|point| (*point).to_owned()).collect();
        listed.sort();
        assert_eq!(found, listed);
    }
}
