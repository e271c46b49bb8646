use std::collections::BTreeSet;

use provision_api::{GroupName, GroupState, Step};

use super::super::refusal::{Failure, Refusal};
use super::super::spine::{Asked, Operator};
use super::super::trail::Trail;
use crate::journal::{Answer, GroupIntent, GroupOutcome, GroupWork};
use crate::registry::GroupRecord;

impl Operator {
    pub(super) fn create_group(
        &mut self,
        name: &GroupName,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Answer, Refusal> {
        if let Some(reason) = self.group_name_refusal(name)? {
            return Err(Refusal::NameUnavailable {
                username: name.as_username().clone(),
                reason,
            });
        }
        let (made, wait) = self.store.read(|r| r.groups().creations(asked.now));
        if made >= self.policy.group_create_limit_per_hour {
            return Err(Refusal::RateLimited {
                message: format!("{made} groups were made within an hour, which is the cap"),
                retry_after: wait,
            });
        }
        let directory = self.host.shared_dirs.path_of(name);
        let intent = GroupIntent {
            request_id: asked.request_id,
            fingerprint: asked.fingerprint,
            at: asked.now,
            name: name.clone(),
            gid: self.choose_id()?,
            work: GroupWork::Create {
                directory: directory.display().to_string(),
            },
        };
        self.carry_out_group(&intent, trail)
    }

    /// Why no group can have the name: one namespace with users, and none that lends power.
    fn group_name_refusal(&self, name: &GroupName) -> Result<Option<String>, Refusal> {
        let refusal = self.store.read(|registry| {
            let accounts = self.host.accounts.as_ref();
            self.rules
                .refusal(name.as_username(), None, registry, accounts)
        });
        if let Some(reason) = refusal.map_err(|e| Failure::from(e).at(Step::Group))? {
            return Ok(Some(reason));
        }
        let free = self.host.shared_dirs.is_free(name);
        let free = free.map_err(|e| Failure::from(e).at(Step::Directory))?;
        Ok((!free).then(|| format!("a shared directory called {name} is there already")))
    }

    pub(super) fn do_create_group(
        &self,
        intent: &GroupIntent,
        directory: &str,
        trail: &mut Trail<'_>,
    ) -> Result<(GroupOutcome, Answer), Refusal> {
        let (host, name, gid) = (&self.host, &intent.name, intent.gid);
        trail.step(Step::Group, || host.accounts.make_group(name, gid))?;
        trail.step(Step::Directory, || host.shared_dirs.make(name, gid))?;
        let record = GroupRecord {
            name: name.clone(),
            gid,
            directory: directory.to_owned(),
            members: BTreeSet::new(),
            state: GroupState::Active,
            created_at: intent.at,
            recent_changes: Vec::new(),
        };
        let answer = Answer::GroupMade {
            gid,
            directory: directory.to_owned(),
        };
        Ok((GroupOutcome::Record(record), answer))
    }

    /// In reverse. What belongs to others is left alone.
    pub(super) fn undo_create_group(&self, intent: &GroupIntent) -> Result<(), Failure> {
        self.host.shared_dirs.unmake(&intent.name, intent.gid)?;
        Ok(self.host.accounts.delete_group(&intent.name, intent.gid)?)
    }
}
