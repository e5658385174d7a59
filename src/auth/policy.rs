//! Who may do what? This table, and nothing else, says.

use super::{actor::Actor, grant::Grant, role::Role};
use crate::resource::Resource;

/// What can be done with a table's records. A table has only the verbs it declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Read,
    Create,
    Edit,
    Delete,
    Export,
    /// The audit entries about one record of any table one may read.
    History,
    Withdraw,
    /// Approve, reject or ask about what somebody else made.
    Decide,
    /// Make the transaction that takes a completed one back.
    Reverse,
    /// Say how far below zero an account may go.
    SetLimit,
    /// Read the ledger's proof, and have it proved again.
    Prove,
    /// Say how a balance that does not fit its entries is put right.
    Resolve,
    /// Read the proof of a log, have it proved again, and take proofs of its entries away.
    Verify,
    Deactivate,
    SendPasswordLink,
    Rotate,
    Revoke,
    MarkRead,
    /// Say of an entry of the log what it is worth, and how far the log was reviewed.
    Annotate,
    /// Say who keeps the access they have.
    ReviewAccess,
    /// Take away what shows an outsider that a control works.
    MakeEvidence,
}

impl Action {
    pub const ALL: [Action; 21] = [
        Read,
        Create,
        Edit,
        Delete,
        Export,
        History,
        Withdraw,
        Decide,
        Reverse,
        SetLimit,
        Prove,
        Resolve,
        Verify,
        Deactivate,
        SendPasswordLink,
        Rotate,
        Revoke,
        MarkRead,
        Annotate,
        ReviewAccess,
        MakeEvidence,
    ];

    /// As an API key's permissions spell it: `transactions:read`.
    pub const fn name(self) -> &'static str {
        match self {
            Read => "read",
            Create => "create",
            Edit => "edit",
            Delete => "delete",
            Export => "export",
            History => "history",
            Withdraw => "withdraw",
            Decide => "decide",
            Reverse => "reverse",
            SetLimit => "limit",
            Prove => "prove",
            Resolve => "resolve",
            Verify => "verify",
            Deactivate => "deactivate",
            SendPasswordLink => "password-link",
            Rotate => "rotate",
            Revoke => "revoke",
            MarkRead => "mark-read",
            Annotate => "annotate",
            ReviewAccess => "review-access",
            MakeEvidence => "evidence",
        }
    }

    pub fn named(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }
}

use Action::{
    Annotate, Create, Deactivate, Decide, Delete, Edit, Export, History, MakeEvidence, MarkRead, Prove, Read, Resolve, Reverse,
    ReviewAccess, Revoke, Rotate, SendPasswordLink, SetLimit, Verify, Withdraw,
};

/// What a role may do with a table, and on which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Nothing,
    All(&'static [Action]),
    /// Only on the rows that belong to the actor, by the resource's `owner`.
    Own(&'static [Action]),
}

/// One line of the table below.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub table: &'static str,
    pub admin: Access,
    pub manager: Access,
    pub auditor: Access,
    pub user: Access,
    pub viewer: Access,
}

use Access::{All, Nothing, Own};

const READ: Access = All(&[Read]);
const EVERYTHING: Access = All(&[Read, Create, Edit, Delete, Export]);
const KEYS: &[Action] = &[Read, Create, Rotate, Revoke];
const INBOX: Access = Own(&[Read, MarkRead]);
const SESSIONS: Access = Own(&[Read, Revoke]);
const REGISTRY: (Access, Access, Access) = (All(&[Read, Create, Edit]), All(&[Read, Export]), READ);
const ALIASES: (Access, Access) = (All(&[Read, Create, Edit, Delete, Export, Deactivate]), All(&[Read, Create, Edit, Deactivate]));

#[rustfmt::skip]
pub const LINES: &[Line] = &[
    Line { table: "users", admin: All(&[Read, Create, Edit, Export, Deactivate, SendPasswordLink, ReviewAccess]), manager: READ, auditor: All(&[Read, ReviewAccess]), user: Nothing, viewer: Nothing },
    Line { table: "accounts", admin: All(&[Read, Create, Edit, Delete, Export, SetLimit, Prove, Resolve]), manager: All(&[Read, Create, Edit, Prove, Resolve]), auditor: All(&[Read, Export, Prove]), user: Own(&[Read]), viewer: READ },
    Line { table: "transactions", admin: All(&[Read, Create, Edit, Export, Withdraw, Decide, Reverse]), manager: All(&[Read, Create, Edit, Export, Withdraw, Decide, Reverse]), auditor: All(&[Read, Export]), user: Own(&[Read, Create, Withdraw]), viewer: READ },
    Line { table: "audit_logs", admin: All(&[Read, Export, History, Verify, Annotate, MakeEvidence]), manager: All(&[History]), auditor: All(&[Read, Export, History, Verify, Annotate, MakeEvidence]), user: Nothing, viewer: Nothing },
    Line { table: "ssot_audit_logs", admin: All(&[Read, Export, History, Verify, Annotate]), manager: All(&[History]), auditor: All(&[Read, Export, History, Verify, Annotate]), user: Nothing, viewer: Nothing },
    Line { table: "system_settings", admin: EVERYTHING, manager: READ, auditor: READ, user: Nothing, viewer: Nothing },
    Line { table: "ssot_api_contracts", admin: EVERYTHING, manager: REGISTRY.0, auditor: REGISTRY.1, user: REGISTRY.2, viewer: REGISTRY.2 },
    Line { table: "ssot_api_aliases", admin: ALIASES.0, manager: ALIASES.1, auditor: REGISTRY.1, user: REGISTRY.2, viewer: REGISTRY.2 },
    Line { table: "ssot_governance_rules", admin: EVERYTHING, manager: READ, auditor: READ, user: Nothing, viewer: READ },
    Line { table: "api_keys", admin: All(&[Read, Create, Edit, Export, Rotate, Revoke]), manager: Own(KEYS), auditor: READ, user: Own(KEYS), viewer: Nothing },
    Line { table: "notifications", admin: All(&[Read, Create, Delete, Export, MarkRead]), manager: INBOX, auditor: INBOX, user: INBOX, viewer: INBOX },
    Line { table: "user_sessions", admin: All(&[Read, Revoke]), manager: SESSIONS, auditor: READ, user: SESSIONS, viewer: SESSIONS },
];

/// Refused: who asked, and which roles would be let in.
#[derive(Debug, thiserror::Error)]
#[error("{action:?} on {table} is not for this actor")]
pub struct Refused {
    pub table: &'static str,
    pub action: Action,
    pub allowed: Vec<Role>,
}

/// The permission table in force. The console's own is [`LINES`]; a console with more tables has more lines.
#[derive(Debug, Clone, Copy)]
pub struct Policy(pub &'static [Line]);

impl Policy {
    fn access(self, role: Role, table: &str) -> Access {
        self.0.iter().find(|line| line.table == table).map_or(Nothing, |line| match role {
            Role::Admin => line.admin,
            Role::Manager => line.manager,
            Role::Auditor => line.auditor,
            Role::User => line.user,
            Role::Viewer => line.viewer,
        })
    }

    /// Whether a role may do this on any row of the table at all.
    pub fn permits(self, role: Role, action: Action, table: &str) -> bool {
        matches!(self.access(role, table), All(actions) | Own(actions) if actions.contains(&action))
    }

    fn allowed(self, table: &str, action: Action) -> Vec<Role> {
        Role::ALL.into_iter().filter(|role| self.permits(*role, action, table)).collect()
    }
}

impl Actor {
    /// The only way to a [`Grant`], without which nothing is read or written.
    ///
    /// # Errors
    /// [`Refused`], with the roles that may.
    pub fn authorize(&self, action: Action, resource: &'static Resource) -> Result<Grant, Refused> {
        let refused = || Refused { table: resource.table, action, allowed: self.policy.allowed(resource.table, action) };
        let role = self.role.ok_or_else(refused)?;
        match self.policy.access(role, resource.table) {
            All(actions) if actions.contains(&action) => Ok(Grant::on_all_rows(resource, action, self.id)),
            Own(actions) if actions.contains(&action) => Ok(Grant::on_own_rows(resource, action, self.id)),
            All(_) | Own(_) | Nothing => Err(refused()),
        }
    }

    /// The permission table this actor is judged by.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    pub fn may(&self, action: Action, resource: &'static Resource) -> bool {
        self.authorize(action, resource).is_ok()
    }

    /// Whether names of this table's records may stand where another record refers to them.
    /// Who may read none or only their own rows sees no label of a stranger's.
    pub fn sees_labels_of(&self, resource: &'static Resource) -> bool {
        self.authorize(Read, resource).is_ok_and(|grant| grant.covers_all_rows())
    }
}
