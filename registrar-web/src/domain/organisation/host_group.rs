use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Organisation, Slug};
use crate::domain::{OnHost, RequestId, User, UserState, Username};

/// How long to leave a host alone that refused: an admin may free the name, or change a setting.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// How often a group that is as it should be is looked at.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// An organisation's group on the host: who shall be in it, and whether the host has it so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostGroup {
    /// The shared directory; known once the host has the group, whose name then stays.
    pub directory: Option<String>,
    /// Who shall be in it, in the order of names: the last list that the host was to take.
    pub members: Vec<Username>,
    /// Who should be in it and is not, as the host has no account of theirs that is in use.
    pub left_out: Vec<Username>,
    /// How often the list was changed; names the change.
    pub change: u64,
    /// How often someone asked for a look at it.
    pub asked: u64,
    /// Whether the host has it so.
    pub host: OnHost,
}

/// What is to be done on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupTask {
    /// Make the group, with its directory.
    Create(Slug),
    /// Have just these in it.
    SetMembers(Slug, Vec<Username>),
}

/// What the host says of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOnHost {
    /// Its shared directory.
    pub directory: String,
    /// Who is in it, in the order of names.
    pub members: Vec<Username>,
    /// Whether it is in use; an admin of the host may have archived it.
    pub is_active: bool,
}

impl User {
    /// Whether the member's account belongs into the group of the organisation: it is in use here
    /// and, as far as is known, on the host.
    #[must_use]
    pub fn is_on_host(&self) -> bool {
        self.state == UserState::Active && self.standing.host_follow_up.is_none()
    }
}

impl GroupTask {
    /// The word for it in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Create(_) => "create-group",
            Self::SetMembers(..) => "set-group-members",
        }
    }
}

impl HostGroup {
    /// Whether the host has the group.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.directory.is_some()
    }

    fn lacks(&mut self) {
        self.change = self.change.saturating_add(1);
        self.host = OnHost::Due;
    }

    /// These shall be in it from now on; says whether that is another list.
    pub fn want(&mut self, members: Vec<Username>) -> bool {
        let is_other = self.members != members;
        if is_other {
            self.members = members;
            self.lacks();
        }
        is_other
    }

    /// The host does not take that one: it gets the list without them.
    pub fn leave_out(&mut self, name: &Username) {
        self.members.retain(|member| member != name);
        if !self.left_out.contains(name) {
            self.left_out.push(name.clone());
        }
        self.lacks();
    }

    /// Why the host does not have it so, if it has refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match &self.host {
            OnHost::Refused { reason, .. } => Some(reason),
            OnHost::InStep | OnHost::Due => None,
        }
    }

    /// Takes down what the host says of a group that was as it should be. What someone changed there
    /// by hand is set right; what an admin of the host has archived is left so, and told of.
    pub fn found(&mut self, on_host: Option<GroupOnHost>, now: Timestamp) {
        match on_host {
            // Such as when the host was restored from an older backup.
            None => {
                self.directory = None;
                self.lacks();
            }
            Some(group) if !group.is_active => {
                self.host = OnHost::Refused {
                    at: now,
                    reason: "the group is archived on the host".into(),
                };
            }
            Some(group) => {
                self.directory = Some(group.directory);
                if group.members != self.members {
                    self.lacks();
                }
            }
        }
    }

    /// Takes down what became of a task, unless another list is wanted meanwhile.
    pub fn did(&mut self, change: u64, host: OnHost) {
        if self.change == change {
            self.host = host;
        }
    }
}

impl Organisation {
    /// What is to be done on the host now, if anything is.
    #[must_use]
    pub fn group_task(&self, now: Timestamp) -> Option<GroupTask> {
        let is_due = match &self.group.host {
            OnHost::InStep => false,
            OnHost::Due => true,
            OnHost::Refused { at, .. } => now >= *at + ASK_AGAIN,
        };
        let slug = self.slug.clone();
        is_due.then(|| {
            if self.group.is_made() {
                GroupTask::SetMembers(slug, self.group.members.clone())
            } else {
                GroupTask::Create(slug)
            }
        })
    }

    /// The request id of a task: the same for the same change, so that a repeated attempt, after a
    /// crash too, is the same request. A UUID of version 8 (RFC 9562).
    #[must_use]
    pub fn group_request(&self, task: &GroupTask) -> RequestId {
        let mut hash = Sha256::new();
        hash.update(self.id.uuid().as_bytes());
        hash.update(task.as_str());
        hash.update(self.group.change.to_be_bytes());
        let (slug, members) = match task {
            GroupTask::Create(slug) => (slug, &[][..]),
            GroupTask::SetMembers(slug, members) => (slug, &members[..]),
        };
        for name in std::iter::once(slug.as_username()).chain(members) {
            hash.update(name.as_str());
            hash.update(b"\n");
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        RequestId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// When to look after the group again.
    #[must_use]
    pub fn group_due(&self, now: Timestamp) -> Timestamp {
        match &self.group.host {
            OnHost::Due => now,
            OnHost::InStep => now + LOOK_AGAIN,
            OnHost::Refused { at, .. } => (*at + ASK_AGAIN).min(now + LOOK_AGAIN),
        }
    }

    /// The group is to be looked at now: someone came or went. A worker that is at it keeps its
    /// lease, so that what it does can't come after what the next one does.
    pub fn touch_group(&mut self, now: Timestamp) {
        self.group.asked = self.group.asked.saturating_add(1);
        self.work.due_at = Some(now);
        self.work.attempts = 0;
    }

    /// Has the host asked again at once, though it refused.
    pub fn retry_group(&mut self, now: Timestamp) {
        if self.group.host != OnHost::InStep {
            self.group.lacks();
        }
        self.touch_group(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::organisation::fixture::{acme, at};

    fn names(list: &[&str]) -> Vec<Username> {
        list.iter().map(|n| Username::parse(n).unwrap()).collect()
    }

    fn made() -> Organisation {
        let mut acme = acme(1);
        acme.group.directory = Some("/home/groups/acme".into());
        acme
    }

    #[test]
    fn the_group_is_made_first_and_then_gets_its_members() {
        let mut acme = acme(1);
        assert_eq!(
            acme.group_task(at(0)),
            Some(GroupTask::Create(acme.slug.clone()))
        );
        acme.group.directory = Some("/home/groups/acme".into());
        assert!(acme.group.want(names(&["ada", "grace"])));
        let slug = acme.slug.clone();
        let task = acme.group_task(at(0));
        assert_eq!(
            task,
            Some(GroupTask::SetMembers(slug, names(&["ada", "grace"])))
        );
        acme.group.did(acme.group.change, OnHost::InStep);
        assert_eq!(acme.group_task(at(0)), None);
        assert!(!acme.group.want(names(&["ada", "grace"])), "the same list");
        assert_eq!(acme.group_due(at(0)), at(0) + LOOK_AGAIN);
    }

    #[test]
    fn who_is_left_out_holds_nobody_else_up() {
        let mut acme = made();
        acme.group.want(names(&["ada", "eve", "grace"]));
        let before = acme.group.change;
        acme.group.leave_out(&names(&["eve"])[0]);
        let task = acme.group_task(at(0)).unwrap();
        assert_eq!(
            task,
            GroupTask::SetMembers(acme.slug.clone(), names(&["ada", "grace"]))
        );
        assert_eq!(acme.group.left_out, names(&["eve"]));
        assert_ne!(acme.group.change, before, "another request");
    }

    #[test]
    fn a_list_that_comes_back_later_is_another_request() {
        let mut acme = made();
        let mut requests = Vec::new();
        for list in [&["ada"][..], &["ada", "grace"], &["ada"]] {
            acme.group.want(names(list));
            let task = acme.group_task(at(0)).unwrap();
            assert_eq!(acme.group_request(&task), acme.group_request(&task));
            requests.push(acme.group_request(&task));
            acme.group.did(acme.group.change, OnHost::InStep);
        }
        assert_ne!(requests[0], requests[2]);
    }

    #[test]
    fn a_late_answer_does_not_hide_a_newer_list() {
        let mut acme = made();
        acme.group.want(names(&["ada"]));
        let before = acme.group.change;
        acme.group.want(names(&["ada", "grace"]));
        acme.group.did(before, OnHost::InStep);
        assert_eq!(acme.group.host, OnHost::Due);
    }

    #[test]
    fn what_is_refused_is_asked_again_after_a_day_or_when_an_admin_says_so() {
        let mut acme = acme(1);
        let change = acme.group.change;
        let refused = OnHost::Refused {
            at: at(1),
            reason: "the name is in use".into(),
        };
        acme.group.did(change, refused.clone());
        assert_eq!(acme.group_task(at(2)), None);
        assert!(acme.group_task(at(1) + ASK_AGAIN).is_some());
        let before = acme.group_request(&GroupTask::Create(acme.slug.clone()));
        acme.retry_group(at(2));
        let task = acme.group_task(at(2)).unwrap();
        assert_ne!(
            acme.group_request(&task),
            before,
            "not the answer of before"
        );
        assert_eq!(acme.work.due_at, Some(at(2)));
    }

    #[test]
    fn what_was_changed_on_the_host_by_hand_is_set_right_and_what_was_archived_is_left_so() {
        let on_host = |list: &[&str], is_active| GroupOnHost {
            directory: "/home/groups/acme".into(),
            members: names(list),
            is_active,
        };
        let mut acme = made();
        acme.group.want(names(&["ada"]));
        acme.group.did(acme.group.change, OnHost::InStep);
        let mut same = acme.clone();
        same.group.found(Some(on_host(&["ada"], true)), at(1));
        assert_eq!(same, acme);

        let mut other = acme.clone();
        other
            .group
            .found(Some(on_host(&["ada", "mallory"], true)), at(1));
        let task = other.group_task(at(1)).unwrap();
        assert_eq!(
            task,
            GroupTask::SetMembers(other.slug.clone(), names(&["ada"]))
        );

        let mut gone = acme.clone();
        gone.group.found(None, at(1));
        assert_eq!(
            gone.group_task(at(1)),
            Some(GroupTask::Create(gone.slug.clone()))
        );

        acme.group.found(Some(on_host(&[], false)), at(1));
        assert!(matches!(acme.group.host, OnHost::Refused { .. }));
        assert_eq!(acme.group_task(at(1)), None);
    }
}
