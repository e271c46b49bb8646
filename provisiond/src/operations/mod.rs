//! What the methods do. Each goes the same way: read what is known, judge the call, write down
//! the intent, act step by step, verify, record.

mod activate;
mod close;
mod configure;
mod create;
mod credentials;
mod discard;
mod display_name;
mod failures;
mod groups;
mod host;
mod prove;
mod queries;
mod refusal;
mod restore;
mod retire;
mod settle;
mod spine;
mod trail;
mod turn;

pub use host::{Host, HostError};
pub use queries::{Reader, Vitals};
pub(crate) use refusal::step_name;
pub use refusal::{Failure, Refusal};
pub use spine::{Operator, Policy, Rulebook};
