//! Groups of organisations.

use provision_api::{
    CallError, GroupName, GroupState, OnGroup, ProvisionError, RequestId, SetGroupMembers,
};

use super::{Varlink, of_call_error};
use crate::domain::{GroupOnHost, Slug, Username};
use crate::ports::ProvisionFailure;

impl Varlink {
    pub(super) async fn make_group(
        &self,
        request_id: RequestId,
        slug: &Slug,
    ) -> Result<String, ProvisionFailure> {
        let name = group_name(slug)?;
        let made = self.client.create_group(OnGroup { request_id, name }).await;
        said(request_id, slug, "CreateGroup", made.is_ok());
        made.map(|reply| reply.directory).map_err(of_group_error)
    }

    pub(super) async fn set_members(
        &self,
        request_id: RequestId,
        slug: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure> {
        let call = SetGroupMembers {
            request_id,
            name: group_name(slug)?,
            members: members.to_vec(),
        };
        let set = self.client.set_group_members(call).await;
        said(request_id, slug, "SetGroupMembers", set.is_ok());
        set.map(|_| ()).map_err(of_group_error)
    }

    pub(super) async fn find_group(
        &self,
        request_id: RequestId,
        slug: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        let name = group_name(slug)?;
        match self.client.get_group(OnGroup { request_id, name }).await {
            Ok(reply) => Ok(Some(GroupOnHost {
                directory: reply.group.directory,
                members: reply.group.members,
                is_active: reply.group.state == GroupState::Active,
            })),
            Err(CallError::Refused(ProvisionError::NoSuchGroup { .. })) => Ok(None),
            Err(error) => Err(of_group_error(error)),
        }
    }
}

/// The one line by which a request in provisiond's log is found in this one.
fn said(request: RequestId, slug: &Slug, method: &str, done: bool) {
    let word = if done { "done" } else { "not done" };
    tracing::info!(REQUEST_ID = %request, ORGANISATION = %slug, METHOD = method, done,
        "host call {method} {slug}: {word}");
}

/// A slug is always one.
fn group_name(slug: &Slug) -> Result<GroupName, ProvisionFailure> {
    GroupName::parse(slug.as_str()).map_err(|e| ProvisionFailure::Permanent {
        message: e.to_string(),
    })
}

/// Of a call about a group, an account that is not there or not in use is a member's.
fn of_group_error(error: CallError) -> ProvisionFailure {
    match error {
        CallError::Refused(ProvisionError::NoSuchGroup { .. }) => ProvisionFailure::NoSuchGroup,
        CallError::Refused(
            ProvisionError::NoSuchAccount { username, .. }
            | ProvisionError::WrongState { username, .. },
        ) => ProvisionFailure::NotAMember { username },
        other => of_call_error(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_be_no_member_is_told_by_name_and_a_name_that_is_taken_by_its_reason() {
        let refused = |error| of_group_error(CallError::Refused(error));
        let none = refused(ProvisionError::NoSuchAccount {
            request_id: String::new(),
            username: "eve".into(),
        });
        let eve = ProvisionFailure::NotAMember {
            username: "eve".into(),
        };
        assert_eq!(none, eve);
        let archived = refused(ProvisionError::WrongState {
            request_id: String::new(),
            username: "eve".into(),
            state: provision_api::AccountState::Archived,
            message: String::new(),
        });
        assert_eq!(archived, eve);
        let taken = refused(ProvisionError::NameUnavailable {
            request_id: String::new(),
            username: "acme".into(),
            reason: "in use on the host".into(),
        });
        let reason = "in use on the host".to_owned();
        assert_eq!(taken, ProvisionFailure::NameUnavailable { reason });
    }
}
