//! What exactly is a selection, at the moment somebody looks at it?

use std::collections::HashMap;

use rust_decimal::Decimal;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    LONGEST_REASON, MOST, RunError, expect,
    rehearsal::{Seen, rehearse},
    verb::Verb,
    verdict::verdict,
};
use crate::{
    auth::{actor::Actor, grant::Grant},
    db::{value::Value, write::Write},
    workflows::approval::Decision,
};

/// Every leg of what was chosen, a transfer once, in the order of the choice; with all that the door would look at.
/// One statement, so that all of it is of one moment.
const LEGS: &str = "
    WITH rule AS MATERIALIZED (
        SELECT tiers, nexus_tiers_fault(tiers) IS NULL AS sound FROM nexus_approval_tiers() AS tiers
    ), chosen AS MATERIALIZED (
        SELECT u.legs[1] AS id, u.legs, min(c.place) AS place
          FROM unnest($1::uuid[]) WITH ORDINALITY AS c (id, place), LATERAL (SELECT nexus_unit(c.id) AS legs) AS u
         GROUP BY u.legs
    ), seen AS MATERIALIZED (
        SELECT c.id, c.legs, c.place, nexus_digest(nexus_approval_statement(c.id)) AS digest FROM chosen c
    )
    SELECT s.id, s.digest, t.status, t.created_by, t.updated_by,
           t.status IS DISTINCT FROM 'pending'
               AND EXISTS (SELECT FROM transaction_approvals d WHERE d.transaction_id = s.id AND d.decision = 'expire')
               OR t.status = 'pending' AND nexus_expires_at(t.id, t.created_at) <= now() AS expired,
           EXISTS (SELECT FROM transaction_approvals d
                    WHERE d.transaction_id = s.id AND d.decider = $2
                      AND (d.decision = 'reject'
                           OR d.decision = 'approve' AND (d.digest = s.digest OR t.status IS DISTINCT FROM 'pending'))) AS repeated,
           EXISTS (SELECT FROM transaction_questions q WHERE q.transaction_id = s.id AND q.outcome IS NULL) AS asked,
           r.sound,
           CASE WHEN r.sound THEN nexus_approvers_needed(r.tiers, a.currency, t.amount) END AS needed,
           (SELECT count(*) FROM nexus_approvers(s.id, s.digest) AS other WHERE other <> $2) AS so_far,
           t.transaction_type, t.amount, coalesce(t.reference_number, '') AS reference,
           nexus_effect(t.transaction_type, t.amount) AS effect, a.id AS account_id, a.currency,
           a.is_active IS FALSE AS inactive, l.frozen_since IS NOT NULL AS frozen, coalesce(a.balance, 0) AS balance,
           nexus_floor(a.id, a.account_type) AS lowest
      FROM seen s
     CROSS JOIN rule r
     CROSS JOIN LATERAL unnest(s.legs) WITH ORDINALITY AS leg (id, place)
      LEFT JOIN transactions t ON t.id = leg.id
      LEFT JOIN accounts a ON a.id = t.account_id
      LEFT JOIN account_ledger l ON l.account_id = a.id
     ORDER BY s.place, leg.place";

const KEEP: &str = "INSERT INTO decision_run_items (run_id, position, record_id, digest, name, detail, obstacle) \
     SELECT $1, item.position::int4, item.id, item.digest, item.name, item.detail, item.obstacle \
       FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY \
            AS item (id, digest, name, detail, obstacle, position)";

/// One leg, as it was seen.
pub(super) struct Leg {
    /// Absent where there is no such transaction.
    pub digest: Option<String>,
    pub status: Option<String>,
    pub maker: Option<Uuid>,
    pub editor: Option<Uuid>,
    pub expired: bool,
    pub repeated: bool,
    pub asked: bool,
    pub rule_is_sound: bool,
    pub needed: Option<i32>,
    pub so_far: i64,
    pub is_transfer: bool,
    /// `None` where it is not a number.
    pub amount: Option<Decimal>,
    pub reference: String,
    pub effect: Option<Decimal>,
    pub account: Option<Uuid>,
    pub currency: Option<String>,
    pub inactive: bool,
    pub frozen: bool,
    pub balance: Option<Decimal>,
    pub lowest: Option<Decimal>,
}

fn leg(row: &Row) -> Result<Leg, tokio_postgres::Error> {
    let decimal = |column: &str| row.try_get::<_, Value>(column).map(|value| value.as_decimal());
    Ok(Leg {
        digest: row.try_get("digest")?,
        status: row.try_get("status")?,
        maker: row.try_get("created_by")?,
        editor: row.try_get("updated_by")?,
        expired: row.try_get::<_, Option<bool>>("expired")?.unwrap_or(false),
        repeated: row.try_get("repeated")?,
        asked: row.try_get("asked")?,
        rule_is_sound: row.try_get("sound")?,
        needed: row.try_get("needed")?,
        so_far: row.try_get("so_far")?,
        is_transfer: row.try_get::<_, Option<&str>>("transaction_type")? == Some("transfer"),
        amount: decimal("amount")?,
        reference: row.try_get("reference")?,
        effect: decimal("effect")?,
        account: row.try_get("account_id")?,
        currency: row.try_get("currency")?,
        inactive: row.try_get("inactive")?,
        frozen: row.try_get("frozen")?,
        balance: decimal("balance")?,
        lowest: decimal("lowest")?,
    })
}

/// Keeps a selection as it is now, each with what stands in its way, for somebody to look at before anything is
/// done. Answers with the run's id.
///
/// # Errors
/// `Selection` for none or too many.
pub async fn freeze(write: &Write, actor: &Actor, grant: &Grant, chosen: &[Uuid], verb: Verb, reason: &str) -> Result<Uuid, RunError> {
    expect(grant, verb)?;
    if chosen.is_empty() {
        return Err(RunError::Selection("Nothing is selected. Tick the rows first, then choose again."));
    }
    if chosen.len() > MOST {
        return Err(RunError::Selection(TOO_MANY));
    }
    let reason = Some(reason.trim()).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.contains('\0') || reason.chars().count() > LONGEST_REASON) {
        return Err(RunError::Selection("The reason takes at most 2,000 characters of text."));
    }
    let seen = match verb.decision() {
        Some(decision) => judged(write, grant.actor(), chosen, decision).await?,
        None => rehearse(write, actor, grant, verb, chosen).await?,
    };
    let ids: Vec<Uuid> = seen.iter().map(|row| row.id).collect();
    let digests: Vec<&str> = seen.iter().map(|row| row.digest.as_str()).collect();
    let text = |of: fn(&Seen) -> Option<&str>| seen.iter().map(of).collect::<Vec<_>>();
    let (names, details) = (text(|row| row.name.as_deref()), text(|row| row.detail.as_deref()));
    let obstacles = text(|row| row.obstacle.as_deref());

    let run = Uuid::now_v7();
    let statement = "INSERT INTO decision_runs (id, decider, subject, decision, reason) VALUES ($1, $2, $3, $4, $5)";
    write.execute(statement, &[&run, &grant.actor(), &grant.resource().table, &verb.name(), &reason]).await?;
    write.execute(KEEP, &[&run, &ids, &digests, &names, &details, &obstacles]).await?;
    Ok(run)
}

/// What the door would say to each.
async fn judged(write: &Write, person: Uuid, chosen: &[Uuid], decision: Decision) -> Result<Vec<Seen>, RunError> {
    let rows = write.query(LEGS, &[&chosen, &person]).await?;
    let mut units: Vec<(Uuid, Vec<Leg>)> = Vec::with_capacity(chosen.len());
    for row in &rows {
        let id: Uuid = row.try_get("id")?;
        let leg = leg(row)?;
        if units.last().is_none_or(|(unit, _)| *unit != id) {
            units.push((id, Vec::new()));
        }
        if let Some((_, legs)) = units.last_mut() {
            legs.push(leg);
        }
    }
    let mut balances = HashMap::new();
    let seen = units.into_iter().map(|(id, legs)| Seen {
        id,
        digest: legs.first().and_then(|leg| leg.digest.clone()).unwrap_or_default(),
        name: None,
        detail: None,
        obstacle: verdict(decision, person, &legs, &mut balances),
    });
    Ok(seen.collect())
}

pub const TOO_MANY: &str = "A selection holds at most 1,000 rows. Filter the list further, and take the rest afterwards.";
