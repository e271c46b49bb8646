use super::{Acting, People, PeopleError};
use crate::domain::{Act, Action, ProfileForm, User, UserId};
use crate::ports::StoreError;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

impl People {
    /// Replaces what a member tells, and the display name where one is given; the full name on the
    /// host (GECOS) follows in the background.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn edit(
        &self,
        acting: &Acting,
        id: UserId,
        form: ProfileForm,
    ) -> Result<User, PeopleError> {
        let rules = self.policy.profile_rules(self.world.now());
        let (name, told) = form.parse(&rules).map_err(PeopleError::Fields)?;
        for _ in 0..TRIES {
            let mut user = self.member(id).await?;
            // No role is taken away, so how many there are does not matter.
            acting.authority().may(Act::Edit, &user, 0)?;
            user.must_not_be_deleted()?;
            let changed = user.tell(name.clone(), told.clone(), self.world.now());
            if changed.is_empty() {
                return Ok(user);
            }
            match self.world.store.update_user(user).await {
                Ok(user) => {
                    let details = vec![("fields", changed.join(" "))];
                    self.note(acting, Action::ProfileChanged, &user, details)
                        .await?;
                    return Ok(user);
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }
}
