use super::world::World;
use crate::domain::{Registration, RegistrationId};
use crate::ports::StoreError;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 8;

/// A registration before and after it was changed.
pub(super) struct Amended {
    pub(super) before: Registration,
    pub(super) after: Registration,
}

impl Amended {
    /// Whether anything is different now.
    pub(super) fn is_change(&self) -> bool {
        self.before.version != self.after.version
    }
}

/// Changes a registration as it is at that moment, and writes it unless it is as it was; `None` when
/// there is none.
pub(super) async fn amend<E: From<StoreError>>(
    world: &World,
    id: RegistrationId,
    change: impl Fn(&mut Registration) -> Result<(), E> + Send,
) -> Result<Option<Amended>, E> {
    for _ in 0..TRIES {
        let Some(before) = world.store.registration(id).await? else {
            return Ok(None);
        };
        let mut changed = before.clone();
        change(&mut changed)?;
        if changed == before {
            let after = before.clone();
            return Ok(Some(Amended { before, after }));
        }
        match world.store.update_registration(changed).await {
            Ok(after) => return Ok(Some(Amended { before, after })),
            Err(StoreError::Conflict) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(StoreError::Conflict.into())
}
