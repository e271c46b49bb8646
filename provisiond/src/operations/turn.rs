//! The admin's calls that turn an account from one state into another.

use provision_api::{Account, AccountState, OnAccount, Step};

use super::configure::wrong_state;
use super::refusal::{Failure, Refusal};
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::Work;
use crate::registry::Record;

/// One of these calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Suspend,
    Resume,
    Archive,
    Restore,
    Remove,
}

impl Turn {
    /// The states that it begins in, the one that it ends in, and what is said in any other.
    fn rule(self) -> (&'static [AccountState], AccountState, &'static str) {
        use AccountState::{Active, Archived, Removed, Suspended};
        match self {
            Self::Suspend => (&[Active], Suspended, "only an active account is suspended"),
            Self::Resume => (&[Suspended], Active, "only a suspended account is resumed"),
            Self::Archive => (&[Suspended], Archived, "suspend it first"),
            Self::Restore => (
                &[Archived],
                Suspended,
                "only an archived account is restored",
            ),
            Self::Remove => (
                &[Suspended, Archived],
                Removed,
                "only a suspended or archived account is removed",
            ),
        }
    }

    fn work(self) -> Work {
        match self {
            Self::Suspend => Work::Suspend,
            Self::Resume => Work::Resume,
            Self::Archive => Work::Archive,
            Self::Restore => Work::Restore,
            Self::Remove => Work::Remove,
        }
    }
}

impl Operator {
    /// Judges the call, and carries it out if the account is not there already.
    pub(super) fn turn(
        &mut self,
        turn: Turn,
        call: &OnAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        let (from, to, otherwise) = turn.rule();
        if record.state == to {
            return Ok(record.to_account());
        }
        if !from.contains(&record.state) {
            return Err(wrong_state(&record, otherwise));
        }
        if record.state != AccountState::Archived {
            self.check_identity(&record)?;
        } else if turn == Turn::Restore {
            self.check_room(&record)?;
        }
        let intent = Self::intent_on(&record, asked, turn.work());
        self.carry_out(&intent, None, trail)
    }

    /// Whether an archived account can come back: root may have given its name to somebody, or put
    /// something where its home was.
    fn check_room(&self, record: &Record) -> Result<(), Refusal> {
        let host = &self.host;
        host.user_is_there(record).map_err(|f| f.at(Step::User))?;
        let home = host.inspect_home(record).map_err(|f| f.at(Step::Restore))?;
        if home.exists {
            let why = "something is where the home was; move it away first";
            return Err(Failure::lasting(why).at(Step::Restore));
        }
        Ok(())
    }
}
