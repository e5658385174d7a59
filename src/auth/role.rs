//! Which roles are there?

/// The five roles of the platform, as `users.role` spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Admin,
    Manager,
    Auditor,
    User,
    Viewer,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Admin, Role::Manager, Role::Auditor, Role::User, Role::Viewer];

    /// `None` for NULL and for anything the platform does not know: such a user may do nothing.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Manager => "manager",
            Role::Auditor => "auditor",
            Role::User => "user",
            Role::Viewer => "viewer",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Role::Admin => "Administrator",
            Role::Manager => "Manager",
            Role::Auditor => "Auditor",
            Role::User => "User",
            Role::Viewer => "Viewer",
        }
    }
}
