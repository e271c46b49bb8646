use std::path::Path;
use std::time::Duration;

use provision_api::{
    Account, AccountState, CallError, Client, GetAccountReply, HealthReply, ListAccounts, Method,
    OnAccount, OnlyRequestId, ProvisionError, RequestId, Step, Timeouts, Username,
};

use crate::failure::Failure;

/// How long one step may take: a large home is packed in one.
const STEP: Duration = Duration::from_secs(60 * 60);
/// Accounts of one page.
const PAGE: u32 = 500;

/// provisiond, on its admin socket.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    client: Client,
}

/// What an admin does to an account on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Suspend,
    Resume,
    Archive,
    Restore,
    Remove,
}

impl Deed {
    fn call(self, on: OnAccount) -> Method {
        match self {
            Self::Suspend => Method::SuspendAccount(on),
            Self::Resume => Method::ResumeAccount(on),
            Self::Archive => Method::ArchiveAccount(on),
            Self::Restore => Method::RestoreAccount(on),
            Self::Remove => Method::RemoveAccount(on),
        }
    }

    /// What the account is afterwards.
    pub(crate) fn end(self) -> AccountState {
        match self {
            Self::Suspend | Self::Restore => AccountState::Suspended,
            Self::Resume => AccountState::Active,
            Self::Archive => AccountState::Archived,
            Self::Remove => AccountState::Removed,
        }
    }
}

impl Host {
    /// On that socket; connects when asked.
    pub(crate) fn new(socket: &Path) -> Self {
        let timeouts = Timeouts {
            reply: STEP,
            ..Timeouts::default()
        };
        Self {
            client: Client::new(socket, timeouts),
        }
    }

    pub(crate) async fn health(&self) -> Result<HealthReply, Failure> {
        let call = OnlyRequestId {
            request_id: fresh(),
        };
        Ok(self.client.health(call).await?)
    }

    pub(crate) async fn account(&self, name: &Username) -> Result<GetAccountReply, Failure> {
        Ok(self.client.get_account(on(name)).await?)
    }

    /// All accounts, in the order of their names.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, Failure> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let call = ListAccounts {
                request_id: fresh(),
                after: after.take(),
                limit: PAGE,
            };
            let page = self.client.list_accounts(call).await?;
            all.extend(page.accounts);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Does it, telling each step. An account that is as it shall be is left so, which makes it safe
    /// to repeat a command of which one side was done.
    pub(crate) async fn change(
        &self,
        deed: Deed,
        name: &Username,
        on_step: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), Failure> {
        let call = deed.call(on(name));
        let tell = |step: Step| on_step(&words(step));
        match self.client.change(&call, tell).await {
            Err(CallError::Refused(ProvisionError::WrongState { state, .. }))
                if state == deed.end() =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }
}

fn on(name: &Username) -> OnAccount {
    OnAccount {
        request_id: fresh(),
        username: name.clone(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "each run of this program is a call of its own"
)]
fn fresh() -> RequestId {
    RequestId::new(uuid::Uuid::new_v4())
}

/// A state in the word of the wire.
pub(crate) fn word(state: AccountState) -> &'static str {
    match state {
        AccountState::Locked => "locked",
        AccountState::Active => "active",
        AccountState::Suspended => "suspended",
        AccountState::Archived => "archived",
        AccountState::Removed => "removed",
    }
}

fn words(step: Step) -> String {
    let step = serde_json::to_value(step).unwrap_or_default();
    let mut words = String::from("  ");
    for letter in step.as_str().unwrap_or_default().chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_in_words() {
        assert_eq!(words(Step::EndProcesses), "  end processes");
        assert_eq!(words(Step::Lock), "  lock");
    }
}
