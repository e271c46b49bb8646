use serde::Deserialize;

use super::SettingError;
use crate::domain::Role;

/// What roles may do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleSettings {
    /// Which roles one may invite people to.
    pub may_invite: MayInvite,
}

/// By role: the roles that it may invite people to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "each field is the role of its name")]
pub struct MayInvite {
    pub super_admin: Vec<Role>,
    pub site_admin: Vec<Role>,
    pub operator: Vec<Role>,
    pub client_admin: Vec<Role>,
}

/// Invites of plain members, to plain membership.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InviteSettings {
    /// How many people each member may bring in; 0 is none.
    pub members_may_invite: u32,
    /// How many invites of one person below operator are mailed in 24 hours.
    pub mails_per_day: u32,
}

impl Default for InviteSettings {
    fn default() -> Self {
        Self {
            members_may_invite: 0,
            mails_per_day: 50,
        }
    }
}

impl Default for MayInvite {
    fn default() -> Self {
        Self {
            super_admin: vec![Role::SiteAdmin, Role::Operator, Role::ClientAdmin],
            site_admin: vec![Role::Operator, Role::ClientAdmin],
            operator: vec![Role::ClientAdmin],
            client_admin: vec![Role::ClientUser],
        }
    }
}

impl MayInvite {
    /// The roles that someone of that role may invite people to.
    #[must_use]
    pub fn of(&self, role: Role) -> &[Role] {
        match role {
            Role::SuperAdmin => &self.super_admin,
            Role::SiteAdmin => &self.site_admin,
            Role::Operator => &self.operator,
            Role::ClientAdmin => &self.client_admin,
            Role::ClientUser => &[],
        }
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        for own in Role::ALL {
            let is_lower = |role: &Role| own.is_at_least(*role) && *role != own;
            if !self.of(own).iter().all(is_lower) {
                return Err(SettingError {
                    key: "roles.may_invite",
                    message: format!(
                        "{} may only invite people to roles below its own",
                        own.as_str()
                    ),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_be_let_invite_people_to_their_own_role() {
        assert!(MayInvite::default().check().is_ok());
        let wrong = MayInvite {
            operator: vec![Role::ClientAdmin, Role::Operator],
            ..MayInvite::default()
        };
        assert_eq!(wrong.check().unwrap_err().key, "roles.may_invite");
    }
}
