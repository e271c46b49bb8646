//! The crash proof: a private host with both real programs, which are ended by SIGKILL at one of
//! their crash points, started again, and looked at.
//!
//! `program` runs a program armed with a point, `site` is the host with both, `sink` takes the
//! mails, `scenario`, `member` and `crew` have what people and admins do, `invariants` what must be true
//! afterwards, and
//! `proof` goes through the points and prints the table.

#[path = "../../../provisiond/tests/support/private_host.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "shared with provisiond's tests"
)]
pub mod private_host;

pub mod crew;
pub mod http;
pub mod invariants;
pub mod member;
pub mod program;
pub mod proof;
pub mod scenario;
pub mod sink;
pub mod site;
