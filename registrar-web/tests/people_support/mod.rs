//! What the tests about members and invites share.
#![allow(dead_code, reason = "each test program uses its part")]

use registrar_web::domain::*;
use registrar_web::people::People;
use registrar_web::ports::{AuditFilter, PageRequest};

use crate::http_support::{App, Held};

impl App {
    /// Gives a member a role, past all rules.
    pub(crate) async fn give_role(&self, name: &str, role: Role) {
        let mut user = self.user_of(name).await;
        user.role = role;
        self.world.store.update_user(user).await.unwrap();
    }

    /// A member with a role, logged in.
    pub(crate) async fn member_as(&self, name: &str, role: Role) -> (UserId, Held) {
        let id = self.member(name).await;
        self.give_role(name, role).await;
        (id, self.login(name).await)
    }

    /// A member as the store has it.
    pub(crate) async fn user_of(&self, name: &str) -> User {
        let name = Username::parse(name).unwrap();
        let found = self.world.store.user_by_username(&name).await.unwrap();
        found.expect("no such member")
    }

    /// Members, for what is not asked for over HTTP.
    pub(crate) fn people(&self) -> People {
        People::new(self.registrar.clone(), self.auth.clone(), &self.config)
    }

    /// What the audit log has of that action: who, to whom, the details.
    pub(crate) async fn audit_of(&self, action: Action) -> Vec<AuditEntry> {
        let page = PageRequest {
            limit: 100,
            after: None,
        };
        let filter = AuditFilter::Action(action);
        let found = self.world.store.list_audit_entries(&filter, &page).await;
        found.unwrap().items
    }
}
