//! Which controls are there, and which rows show that they work?
//!
//! Only what never changes again is read: entries of the logs, decisions, closed reviews. So the same period gives the
//! same rows again; names are those that were written down at the time.

/// A control whose working can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    AccessReview,
    PrivilegedChanges,
    Approvals,
    FailedAccess,
    Integrity,
}

/// One set of rows, which becomes two files. The statement's parameters are the period's ends.
#[derive(Debug, Clone, Copy)]
pub struct DataSet {
    pub name: &'static str,
    pub csv: &'static str,
    pub lines: &'static str,
    pub statement: &'static str,
    pub heads: &'static [&'static str],
    pub reading: Reading,
}

/// How a row of a statement becomes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// One value a head, in their order.
    Plain,
    /// An entry of a log, whose secrets are left out.
    Entries,
}

impl Control {
    pub const ALL: [Control; 5] =
        [Control::AccessReview, Control::PrivilegedChanges, Control::Approvals, Control::FailedAccess, Control::Integrity];

    pub const fn name(self) -> &'static str {
        match self {
            Control::AccessReview => "access-review",
            Control::PrivilegedChanges => "privileged-changes",
            Control::Approvals => "approvals",
            Control::FailedAccess => "failed-access",
            Control::Integrity => "integrity",
        }
    }

    pub fn named(name: &str) -> Option<Control> {
        Control::ALL.into_iter().find(|control| control.name() == name)
    }

    pub const fn label(self) -> &'static str {
        match self {
            Control::AccessReview => "Access review",
            Control::PrivilegedChanges => "Privileged changes",
            Control::Approvals => "Approvals",
            Control::FailedAccess => "Failed access",
            Control::Integrity => "The log’s own integrity",
        }
    }

    /// What the pack shows.
    pub const fn purpose(self) -> &'static str {
        match self {
            Control::AccessReview => "Every verdict of the reviews closed in the period, the reviews, and every change of who may what.",
            Control::PrivilegedChanges => "Every change of users’ roles, of settings, rules, keys and limits.",
            Control::Approvals => "Every decision on a transaction, with what the decider saw and by which rule.",
            Control::FailedAccess => "Every failed sign-in, lockout and refusal.",
            Control::Integrity => {
                "Entries a day of each log, what was done to the log’s own system, how far it was reviewed, and findings."
            }
        }
    }

    /// The first is the population a sample is drawn from.
    pub const fn sets(self) -> &'static [DataSet] {
        match self {
            Control::AccessReview => &[VERDICTS, REVIEWS, GRANTS],
            Control::PrivilegedChanges => &[PRIVILEGED],
            Control::Approvals => &[DECISIONS],
            Control::FailedAccess => &[FAILED],
            Control::Integrity => &[SYSTEM, DAYS, MARKS, ANNOTATIONS],
        }
    }
}

/// The heads of a file of entries.
pub const ENTRY: &[&str] = &[
    "log",
    "id",
    "created_at",
    "action",
    "entity_type",
    "entity_id",
    "user_id",
    "actor_kind",
    "actor_name",
    "ip_address",
    "user_agent",
    "context",
    "request_id",
    "session_id",
    "outcome",
    "reason",
    "approval_id",
    "old_values",
    "new_values",
];

/// Entries of both logs within the period. Whether a setting is or became secret is asked of everything that was
/// written about it later.
macro_rules! entries {
    ($which:literal) => {
        concat!(
            "SELECT e.log, e.id, e.created_at, e.action, e.entity_type, e.entity_id, e.user_id, d.actor_kind, d.actor_name, e.ip_address, \
       e.user_agent, e.context, d.request_id, d.session_id, d.outcome, d.reason, d.approval_id, e.old_values, e.new_values, \
       NULL::uuid AS acting_id, NULL::text AS acting_name, \
       (e.entity_type = 'system_settings' AND (EXISTS (SELECT FROM system_settings s WHERE s.id = e.entity_id AND s.is_encrypted) \
         OR EXISTS (SELECT FROM audit_logs x WHERE x.entity_type = 'system_settings' AND x.entity_id = e.entity_id \
             AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')) \
         OR EXISTS (SELECT FROM ssot_audit_logs x WHERE x.entity_type = 'system_settings' AND x.entity_id = e.entity_id \
             AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')))) AS sealed \
  FROM (SELECT 'audit_logs'::text AS log, l.id, l.created_at, l.action, l.entity_type, l.entity_id, l.user_id::text AS user_id, \
               l.ip_address, l.user_agent, l.context, l.old_values, l.new_values \
          FROM audit_logs l WHERE l.created_at >= $1 AND l.created_at < $2 AND ",
            $which,
            " UNION ALL \
        SELECT 'ssot_audit_logs', l.id, l.created_at, l.action, l.entity_type, l.entity_id, l.user_id::text, \
               l.ip_address, l.user_agent, l.context, l.old_values, l.new_values \
          FROM ssot_audit_logs l WHERE l.created_at >= $1 AND l.created_at < $2 AND ",
            $which,
            ") e LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
 ORDER BY e.created_at, e.id, e.log"
        )
    };
}

const PRIVILEGED: DataSet = DataSet {
    name: "changes",
    csv: "changes.csv",
    lines: "changes.jsonl",
    statement: entries!(
        "(l.entity_type IN ('system_settings', 'ssot_governance_rules', 'api_keys', 'account_limits') \
          OR (l.entity_type = 'users' AND (upper(l.action) <> 'UPDATE' \
              OR l.old_values ->> 'role' IS DISTINCT FROM l.new_values ->> 'role' \
              OR l.old_values ->> 'is_active' IS DISTINCT FROM l.new_values ->> 'is_active')) \
          OR (l.entity_type = 'event' AND l.action IN ('setup', 'password_set', 'key_issued', 'migration')))"
    ),
    heads: ENTRY,
    reading: Reading::Entries,
};

const GRANTS: DataSet = DataSet {
    name: "grants",
    csv: "grants.csv",
    lines: "grants.jsonl",
    statement: entries!(
        "l.entity_type = 'users' AND (upper(l.action) <> 'UPDATE' \
          OR l.old_values ->> 'role' IS DISTINCT FROM l.new_values ->> 'role' \
          OR l.old_values ->> 'is_active' IS DISTINCT FROM l.new_values ->> 'is_active')"
    ),
    heads: ENTRY,
    reading: Reading::Entries,
};

const FAILED: DataSet = DataSet {
    name: "refusals",
    csv: "refusals.csv",
    lines: "refusals.jsonl",
    statement: entries!("l.entity_type = 'event' AND l.action IN ('login_failed', 'lockout', 'permission_refused', 'decision_refused')"),
    heads: ENTRY,
    reading: Reading::Entries,
};

const SYSTEM: DataSet = DataSet {
    name: "events",
    csv: "events.csv",
    lines: "events.jsonl",
    statement: entries!(
        "l.entity_type = 'event' AND l.action IN ('migration', 'load', 'server_started', 'server_stopped', 'export', 'evidence_made', 'log_read')"
    ),
    heads: ENTRY,
    reading: Reading::Entries,
};

const VERDICTS: DataSet = DataSet {
    name: "verdicts",
    csv: "verdicts.csv",
    lines: "verdicts.jsonl",
    statement: "SELECT v.review_id, v.user_id, v.username, v.full_name, v.role, v.is_active, v.last_login, v.made_at, v.made_by, \
       v.granted_by, v.granted_at, v.granted_log, v.granted_entry, v.open_sessions::numeric, v.active_keys::numeric, \
       coalesce(v.verdict, 'undecided'), v.note, v.decided_by, v.decided_by_name, v.decided_at \
  FROM access_review_verdicts v JOIN access_reviews r ON r.id = v.review_id \
 WHERE r.closed_at >= $1 AND r.closed_at < $2 ORDER BY r.closed_at, r.id, v.username, v.id",
    heads: &[
        "review_id",
        "user_id",
        "username",
        "full_name",
        "role",
        "is_active",
        "last_login",
        "made_at",
        "made_by",
        "granted_by",
        "granted_at",
        "granted_log",
        "granted_entry",
        "open_sessions",
        "active_keys",
        "verdict",
        "note",
        "decided_by",
        "decided_by_name",
        "decided_at",
    ],
    reading: Reading::Plain,
};

const REVIEWS: DataSet = DataSet {
    name: "reviews",
    csv: "reviews.csv",
    lines: "reviews.jsonl",
    statement: "SELECT r.id, r.title, r.scope, r.population::numeric, r.undecided::numeric, r.started_by, r.started_by_name, r.started_at, \
       r.closed_by, r.closed_by_name, r.closed_at \
  FROM access_reviews r WHERE r.closed_at >= $1 AND r.closed_at < $2 ORDER BY r.closed_at, r.id",
    heads: &[
        "id",
        "title",
        "scope",
        "population",
        "undecided",
        "started_by",
        "started_by_name",
        "started_at",
        "closed_by",
        "closed_by_name",
        "closed_at",
    ],
    reading: Reading::Plain,
};

/// `statement` is what the decider saw, and `digest` its SHA-256: amounts, accounts and texts as they were.
const DECISIONS: DataSet = DataSet {
    name: "decisions",
    csv: "decisions.csv",
    lines: "decisions.jsonl",
    statement: "SELECT a.id, a.transaction_id, t.created_by, a.decider, d.actor_kind, d.actor_name, a.decision, a.reason, a.rule_applied, \
       a.balance_seen, a.decided_at, a.digest, a.statement \
  FROM transaction_approvals a LEFT JOIN transactions t ON t.id = a.transaction_id \
  LEFT JOIN audit_logs l ON l.entity_id = a.id AND l.entity_type = 'transaction_approvals' AND l.action = 'INSERT' \
  LEFT JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id \
 WHERE a.decided_at >= $1 AND a.decided_at < $2 ORDER BY a.decided_at, a.id",
    heads: &[
        "id",
        "transaction_id",
        "maker",
        "decider",
        "actor_kind",
        "actor_name",
        "decision",
        "reason",
        "rule_applied",
        "balance_seen",
        "decided_at",
        "digest",
        "statement",
    ],
    reading: Reading::Plain,
};

const DAYS: DataSet = DataSet {
    name: "days",
    csv: "days.csv",
    lines: "days.jsonl",
    statement: "SELECT e.day::text, e.log, count(*)::numeric, (count(*) FILTER (WHERE d.id IS NULL))::numeric, \
       (count(*) FILTER (WHERE d.actor_kind = 'db'))::numeric \
  FROM (SELECT 'audit_logs'::text AS log, l.id, (l.created_at AT TIME ZONE 'UTC')::date AS day \
          FROM audit_logs l WHERE l.created_at >= $1 AND l.created_at < $2 \
        UNION ALL \
        SELECT 'ssot_audit_logs', l.id, (l.created_at AT TIME ZONE 'UTC')::date \
          FROM ssot_audit_logs l WHERE l.created_at >= $1 AND l.created_at < $2) e \
  LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
 GROUP BY e.day, e.log ORDER BY e.day, e.log",
    heads: &["day", "log", "entries", "without_details", "past_the_console"],
    reading: Reading::Plain,
};

const MARKS: DataSet = DataSet {
    name: "marks",
    csv: "marks.csv",
    lines: "marks.jsonl",
    statement: "SELECT m.id, m.reviewed_to, m.log, m.entry_id, m.by_administrator, m.note, m.created_by, m.created_by_name, m.created_at \
  FROM review_marks m WHERE m.created_at >= $1 AND m.created_at < $2 ORDER BY m.created_at, m.id",
    heads: &["id", "reviewed_to", "log", "entry_id", "by_administrator", "note", "created_by", "created_by_name", "created_at"],
    reading: Reading::Plain,
};

const ANNOTATIONS: DataSet = DataSet {
    name: "annotations",
    csv: "annotations.csv",
    lines: "annotations.jsonl",
    statement: "SELECT n.id, n.log, n.entry_id, n.kind, n.body, n.created_by, n.created_by_name, n.created_at \
  FROM entry_annotations n WHERE n.created_at >= $1 AND n.created_at < $2 ORDER BY n.created_at, n.id",
    heads: &["id", "log", "entry_id", "kind", "body", "created_by", "created_by_name", "created_at"],
    reading: Reading::Plain,
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_control_has_names_of_its_own_and_total_orders() {
        for control in Control::ALL {
            assert_eq!(Control::named(control.name()), Some(control));
            let names: BTreeSet<&str> = control.sets().iter().flat_map(|set| [set.csv, set.lines]).collect();
            assert_eq!(names.len(), control.sets().len() * 2);
            for set in control.sets() {
                assert!(set.statement.contains(" ORDER BY "), "{}", set.name);
                assert!(set.csv == format!("{}.csv", set.name) && set.lines == format!("{}.jsonl", set.name));
            }
        }
    }
}
