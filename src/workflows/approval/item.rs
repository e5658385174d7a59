//! What does somebody need to see before they decide on one transaction?

use std::collections::HashSet;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Seen,
    obstacle::Obstacle,
    queue::{self, number},
    rule::Rule,
    seen,
};
use crate::{
    auth::grant::{Grant, Rows},
    db::{
        pool::{Connection, DatabaseError},
        value::{Number, Value},
    },
};

/// A transaction alone, or both legs of a transfer, the source first.
#[derive(Debug, Clone)]
pub struct Item {
    pub legs: Vec<Leg>,
    pub seen: Seen,
    /// Of the larger leg; unknown while the rule cannot be read.
    pub needed: Option<i32>,
    pub obstacle: Option<Obstacle>,
    /// Every word said on it, oldest first.
    pub words: Vec<Word>,
    pub questions: Vec<Question>,
    /// The same amount on the same account within a day.
    pub twins: Vec<Entry>,
    pub expires_at: Value,
    pub links: Links,
}

/// What it takes back, and what takes it back.
#[derive(Debug, Clone, Default)]
pub struct Links {
    pub reverses: Option<Uuid>,
    pub reversed_by: Vec<Uuid>,
}

#[derive(Debug, Clone)]
pub struct Leg {
    pub id: Uuid,
    pub kind: String,
    pub amount: Number,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub status: Option<String>,
    pub created_at: Value,
    pub maker: Person,
    pub updated_at: Value,
    pub editor: Person,
    pub account: Account,
    /// What it adds to the balance.
    pub effect: Number,
    pub balance_after: Number,
    /// The account's newest completed entries.
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct Account {
    pub id: Uuid,
    pub name: String,
    pub number: String,
    pub currency: Option<String>,
    pub owner: Person,
    pub balance: Number,
    /// The balance less what its pending transactions would take.
    pub available: Number,
}

/// Somebody, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    pub id: Option<Uuid>,
    pub name: Option<String>,
}

/// A row of `transaction_approvals`.
#[derive(Debug, Clone)]
pub struct Word {
    pub decider: Person,
    pub decision: String,
    pub reason: Option<String>,
    pub at: Value,
    pub rule_applied: Option<String>,
    /// Whether it was said of what is there now.
    pub stands: bool,
    /// Whether it is an approval of something still open by somebody who may not decide it any more.
    pub has_lapsed: bool,
}

#[derive(Debug, Clone)]
pub struct Question {
    pub asked_by: Person,
    pub question: String,
    pub asked_at: Value,
    pub outcome: Option<String>,
    pub answered_by: Person,
    pub answer: Option<String>,
    pub answered_at: Value,
}

/// Another transaction, in a line.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Uuid,
    pub kind: String,
    pub effect: Number,
    pub reference: Option<String>,
    pub status: Option<String>,
    pub at: Value,
}

const LEGS: &str = "\
    SELECT t.id, t.transaction_type, t.amount, t.description, t.reference_number, t.status, t.created_at, t.created_by, maker.full_name, \
           t.updated_at, t.updated_by, editor.full_name, a.id, a.account_name, a.account_number, a.currency, a.user_id, owner.full_name, \
           coalesce(a.balance, 0)::numeric, \
           coalesce(a.balance, 0) + coalesce((SELECT sum(least(public.nexus_effect(p.transaction_type, p.amount), 0)) \
                                                FROM public.transactions p \
                                               WHERE p.account_id = a.id AND p.status = 'pending' AND p.amount <> 'NaN'), 0), \
           public.nexus_effect(t.transaction_type, t.amount), \
           coalesce(a.balance, 0) + public.nexus_effect(t.transaction_type, t.amount), \
           public.nexus_expires_at(t.id, t.created_at), \
           $2::uuid IS NULL OR a.user_id = $2 \
      FROM unnest(public.nexus_unit($1)) WITH ORDINALITY AS leg (id, place) \
      JOIN public.transactions t ON t.id = leg.id \
      JOIN public.accounts a ON a.id = t.account_id \
      LEFT JOIN public.users maker ON maker.id = t.created_by \
      LEFT JOIN public.users editor ON editor.id = t.updated_by \
      LEFT JOIN public.users owner ON owner.id = a.user_id \
     ORDER BY leg.place";
const WORDS: &str = "\
    SELECT d.decider, u.full_name, d.decision, d.reason, d.decided_at, d.rule_applied, d.digest, \
           d.decision = 'approve' AND t.status = 'pending' \
               AND NOT EXISTS (SELECT FROM public.nexus_approvers(d.transaction_id, d.digest) AS counted WHERE counted = d.decider) \
      FROM public.transaction_approvals d \
      LEFT JOIN public.transactions t ON t.id = d.transaction_id \
      LEFT JOIN public.users u ON u.id = d.decider \
     WHERE d.transaction_id = $1 ORDER BY d.decided_at, d.id";
const QUESTIONS: &str = "\
    SELECT q.asked_by, asker.full_name, q.question, q.asked_at, q.outcome, q.answered_by, answerer.full_name, q.answer, q.answered_at \
      FROM public.transaction_questions q \
      LEFT JOIN public.users asker ON asker.id = q.asked_by \
      LEFT JOIN public.users answerer ON answerer.id = q.answered_by \
     WHERE q.transaction_id = $1 ORDER BY q.asked_at, q.id";
const ENTRIES: &str = "\
    SELECT t.id, t.transaction_type, public.nexus_effect(t.transaction_type, t.amount), t.reference_number, t.status, t.transaction_date \
      FROM public.transactions t \
     WHERE t.account_id = $1 AND t.status = 'completed' AND t.transaction_date IS NOT NULL \
     ORDER BY t.transaction_date DESC, t.id DESC LIMIT 5";
/// Of each of some transactions the newest others with its amount on its account within a day. Last comes whose they are.
const TWINS: &str = "\
    SELECT o.id, o.transaction_type, public.nexus_effect(o.transaction_type, o.amount), o.reference_number, o.status, o.created_at, t.id \
      FROM public.transactions t \
     CROSS JOIN LATERAL (SELECT o.* FROM public.transactions o \
                          WHERE o.account_id = t.account_id AND o.amount = t.amount AND o.id <> t.id \
                            AND o.created_at BETWEEN greatest(t.created_at, '0001-01-02 UTC') - interval '24 hours' \
                                                 AND least(t.created_at, '9999-01-01 UTC') + interval '24 hours' \
                            AND o.status IN ('pending', 'completed') \
                          ORDER BY o.created_at DESC, o.id DESC LIMIT 5) o \
     WHERE t.id = ANY ($1) ORDER BY o.created_at DESC, o.id DESC";
const LINKS: &str = "\
    SELECT r.original_id, r.reversal_id FROM public.transaction_reversals r WHERE $1 IN (r.original_id, r.reversal_id)";

/// Reads everything about the item that a transaction is part of, where the grant's rows hold the transaction.
///
/// # Errors
/// See [`DatabaseError`]; `None` where there is no such transaction.
pub async fn item(connection: &Connection, grant: &Grant, rule: &Rule, transaction: Uuid) -> Result<Option<Item>, DatabaseError> {
    let owner = match grant.rows() {
        Rows::All => None,
        Rows::OwnedBy(user) => Some(user),
    };
    let rows = connection.query(LEGS, &[&transaction, &owner]).await?;
    let mut legs = Vec::new();
    let mut expires_at = Value::Null;
    let mut readable = false;
    for row in &rows {
        let leg = Leg::of(row)?;
        if leg.id == transaction {
            readable = row.try_get::<_, Option<bool>>(23)?.unwrap_or(false);
        }
        if legs.is_empty() {
            expires_at = row.try_get(22)?;
        }
        legs.push(leg);
    }
    let Some(source) = legs.first().filter(|_| readable).map(|leg| leg.id) else { return Ok(None) };
    let (seen, obstacle, words, questions, twins, links, entries) = tokio::try_join!(
        seen(connection, source),
        queue::obstacle(connection, grant, rule, source),
        async { connection.query(WORDS, &[&source]).await },
        async { connection.query(QUESTIONS, &[&source]).await },
        async { connection.query(TWINS, &[&vec![source]]).await },
        async { connection.query(LINKS, &[&source]).await },
        futures_util::future::try_join_all(legs.iter().map(|leg| async { connection.query(ENTRIES, &[&leg.account.id]).await })),
    )?;
    let Some(seen) = seen else { return Ok(None) };
    for (leg, rows) in legs.iter_mut().zip(entries) {
        leg.entries = rows.iter().map(Entry::of).collect::<Result<_, _>>()?;
    }
    let needed = match (&rule.fault, &legs[0].amount) {
        (None, Number::Decimal(amount)) => {
            rule.tier(legs[0].account.currency.as_deref(), *amount).and_then(|tier| i32::try_from(tier.approvers).ok())
        }
        (Some(_), _) | (None, _) => None,
    };
    Ok(Some(Item {
        needed,
        obstacle,
        words: words.iter().map(|row| Word::of(row, &seen)).collect::<Result<_, _>>()?,
        questions: questions.iter().map(Question::of).collect::<Result<_, _>>()?,
        twins: twins.iter().map(Entry::of).collect::<Result<_, _>>()?,
        legs,
        seen,
        expires_at,
        links: Links::of(&links, source)?,
    }))
}

/// Which of these transactions look like another one: the same amount on the same account within a day.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn with_a_twin(connection: &Connection, transactions: &[Uuid]) -> Result<HashSet<Uuid>, DatabaseError> {
    let rows = connection.query(TWINS, &[&transactions]).await?;
    rows.iter().map(|row| row.try_get(6)).collect::<Result<_, tokio_postgres::Error>>().map_err(DatabaseError::from)
}

/// What has been said on a transaction and what it belongs to, for its record.
#[derive(Debug, Clone)]
pub struct Life {
    pub words: Vec<Word>,
    pub questions: Vec<Question>,
    pub links: Links,
    /// The other leg of its transfer.
    pub other_leg: Option<Uuid>,
}

impl Life {
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
            && self.questions.is_empty()
            && self.other_leg.is_none()
            && self.links.reverses.is_none()
            && self.links.reversed_by.is_empty()
    }
}

/// Reads what has been said on a transaction that the caller has read already.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn life(connection: &Connection, transaction: Uuid) -> Result<Life, DatabaseError> {
    let unit: Vec<Uuid> = connection.query_one("SELECT public.nexus_unit($1)", &[&transaction]).await?.try_get(0)?;
    let source = unit.first().copied().unwrap_or(transaction);
    let (words, questions, links) = tokio::try_join!(
        async { connection.query(WORDS, &[&source]).await },
        async { connection.query(QUESTIONS, &[&source]).await },
        async { connection.query(LINKS, &[&transaction]).await },
    )?;
    // What was said of an earlier version is told apart only where something was said.
    let seen = if words.is_empty() { None } else { seen(connection, source).await? };
    let seen = seen.unwrap_or(Seen { statement: String::new(), digest: String::new() });
    Ok(Life {
        words: words.iter().map(|row| Word::of(row, &seen)).collect::<Result<_, _>>()?,
        questions: questions.iter().map(Question::of).collect::<Result<_, _>>()?,
        links: Links::of(&links, transaction)?,
        other_leg: unit.into_iter().find(|leg| *leg != transaction),
    })
}

impl Links {
    fn of(rows: &[Row], transaction: Uuid) -> Result<Links, DatabaseError> {
        let mut links = Links::default();
        for row in rows {
            let (original, reversal): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            if reversal == transaction { links.reverses = Some(original) } else { links.reversed_by.push(reversal) }
        }
        Ok(links)
    }
}

impl Item {
    pub fn source(&self) -> &Leg {
        &self.legs[0]
    }

    pub fn is_pending(&self) -> bool {
        self.legs.iter().all(|leg| leg.status.as_deref() == Some("pending"))
    }

    pub fn was_made_by(&self, person: Uuid) -> bool {
        self.legs.iter().any(|leg| leg.maker.id == Some(person))
    }

    pub fn was_edited_by(&self, person: Uuid) -> bool {
        self.legs.iter().any(|leg| leg.editor.id == Some(person))
    }

    /// The approvals that count for what is there now.
    pub fn approvals(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| word.stands && !word.has_lapsed && word.decision == "approve")
    }

    pub fn open_question(&self) -> Option<&Question> {
        self.questions.iter().find(|question| question.outcome.is_none())
    }
}

fn person(row: &Row, at: usize) -> Result<Person, DatabaseError> {
    Ok(Person { id: row.try_get(at)?, name: row.try_get(at + 1)? })
}

fn amount(row: &Row, at: usize) -> Result<Number, DatabaseError> {
    Ok(number(row, at)?.unwrap_or(Number::NotANumber))
}

impl Leg {
    fn of(row: &Row) -> Result<Leg, DatabaseError> {
        Ok(Leg {
            id: row.try_get(0)?,
            kind: row.try_get(1)?,
            amount: amount(row, 2)?,
            description: row.try_get(3)?,
            reference: row.try_get(4)?,
            status: row.try_get(5)?,
            created_at: row.try_get(6)?,
            maker: person(row, 7)?,
            updated_at: row.try_get(9)?,
            editor: person(row, 10)?,
            account: Account {
                id: row.try_get(12)?,
                name: row.try_get(13)?,
                number: row.try_get(14)?,
                currency: row.try_get(15)?,
                owner: person(row, 16)?,
                balance: amount(row, 18)?,
                available: amount(row, 19)?,
            },
            effect: amount(row, 20)?,
            balance_after: amount(row, 21)?,
            entries: Vec::new(),
        })
    }
}

impl Word {
    fn of(row: &Row, seen: &Seen) -> Result<Word, DatabaseError> {
        let digest: Option<String> = row.try_get(6)?;
        Ok(Word {
            decider: person(row, 0)?,
            decision: row.try_get(2)?,
            reason: row.try_get(3)?,
            at: row.try_get(4)?,
            rule_applied: row.try_get(5)?,
            stands: digest.as_deref() == Some(seen.digest.as_str()),
            has_lapsed: row.try_get::<_, Option<bool>>(7)?.unwrap_or(false),
        })
    }
}

impl Question {
    fn of(row: &Row) -> Result<Question, DatabaseError> {
        Ok(Question {
            asked_by: person(row, 0)?,
            question: row.try_get(2)?,
            asked_at: row.try_get(3)?,
            outcome: row.try_get(4)?,
            answered_by: person(row, 5)?,
            answer: row.try_get(7)?,
            answered_at: row.try_get(8)?,
        })
    }
}

impl Entry {
    fn of(row: &Row) -> Result<Entry, DatabaseError> {
        Ok(Entry {
            id: row.try_get(0)?,
            kind: row.try_get(1)?,
            effect: amount(row, 2)?,
            reference: row.try_get(3)?,
            status: row.try_get(4)?,
            at: row.try_get(5)?,
        })
    }
}
