use super::{Invite, Role};

/// How many of a community's places are taken. Whoever signs up holds one from the moment that the
/// account is being made; deleted members hold none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// So many are taken; invites of those who run the community can make it more than there are.
    pub taken: u64,
    /// So many there are.
    pub all: u32,
}

impl Places {
    /// Whether none is left.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.taken >= u64::from(self.all)
    }

    /// For people who would like to register.
    #[must_use]
    pub fn words(self) -> String {
        let Self { taken, all } = self;
        if self.is_full() {
            return format!(
                "All {all} places are taken. Look again later, or ask those who run the community \
                 for an invite: theirs bring people in all the same."
            );
        }
        let are = if taken == 1 { "is" } else { "are" };
        format!("{taken} of {all} places {are} taken.")
    }
}

impl Invite {
    /// Whether it brings people in where all places are taken: one of the host's admins (`None`), or of
    /// who made it in that role.
    #[must_use]
    pub fn makes_room(inviter: Option<Role>) -> bool {
        inviter.is_none_or(|role| role.is_at_least(Role::Operator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_makes_it_full_and_the_words_say_what_to_do() {
        let words = |taken| Places { taken, all: 2 }.words();
        assert_eq!(words(0), "0 of 2 places are taken.");
        assert_eq!(words(1), "1 of 2 places is taken.");
        for taken in [2, 3] {
            assert!(words(taken).starts_with("All 2 places are taken. Look again"));
        }
    }

    #[test]
    fn those_who_run_the_community_make_room_and_members_do_not() {
        assert!(Invite::makes_room(None));
        for role in Role::ALL {
            let runs_it = role.is_at_least(Role::Operator);
            assert_eq!(Invite::makes_room(Some(role)), runs_it, "{role:?}");
        }
    }
}
