//! How does the item to decide on read, and what may this reader say to it?

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{difference::Changed, row::worded};
use crate::{
    auth::{actor::Actor, policy::Action},
    db::value::{Number, Value},
    pages::{
        display::{Age, MoneyShown, TimeShown, Tone},
        shown::{self, money},
        urls,
    },
    resource::{Kind, Resource},
    workflows::approval::{
        Rule,
        item::{Entry, Item, Leg, Person, Question, Word},
    },
};

/// What this reader may do about the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stance {
    /// The form stands; why approving it would be refused, where that is known.
    Decides(Option<String>),
    /// The actions appear with the reason why they are not for this reader.
    Withheld(&'static str),
    /// Nothing is left to decide.
    Over,
}

/// The item as its page draws it.
pub struct ItemView<'a> {
    pub item: &'a Item,
    pub heading: String,
    pub amount: MoneyShown<'a>,
    pub status: Option<(&'static str, Tone, &'static str)>,
    pub sentence: &'static str,
    pub legs: Vec<LegView<'a>>,
    pub made: Stamp,
    pub age: Option<Age>,
    pub edited: Option<Stamp>,
    pub expires: Option<TimeShown>,
    pub tier: Option<String>,
    pub so_far: Vec<Said>,
    pub questions: Vec<Asked>,
    pub twins: Vec<Line<'a>>,
    pub stance: Stance,
    pub obstacle: Option<String>,
    pub effect: String,
    pub answers: bool,
    pub record_url: String,
    pub action: String,
    pub skip: Option<String>,
    pub reason: String,
    pub reason_error: Option<String>,
    pub changed: Vec<Changed>,
    pub reverses: Option<String>,
    pub reversed_by: Vec<String>,
}

pub struct LegView<'a> {
    pub leg: &'a Leg,
    pub account_url: Option<String>,
    pub owner: &'a str,
    pub owner_url: Option<String>,
    pub balance: MoneyShown<'a>,
    pub effect: MoneyShown<'a>,
    pub after: MoneyShown<'a>,
    pub available: MoneyShown<'a>,
    pub entries: Vec<Line<'a>>,
    pub all_url: String,
}

/// Another transaction in a line.
pub struct Line<'a> {
    pub href: String,
    pub label: String,
    pub kind: &'a str,
    pub effect: MoneyShown<'a>,
    pub at: Option<TimeShown>,
    pub status: Option<(&'static str, Tone, &'static str)>,
}

/// Who, when.
pub struct Stamp {
    pub who: String,
    pub at: Option<TimeShown>,
}

/// A word said on it.
pub struct Said {
    pub stamp: Stamp,
    pub did: &'static str,
    pub tone: Tone,
    pub icon: &'static str,
    pub reason: Option<String>,
    pub rule: Option<String>,
    /// Why it does not count any more.
    pub void: Option<&'static str>,
}

pub struct Asked {
    pub asked: Stamp,
    pub question: String,
    pub answered: Option<Stamp>,
    pub answer: Option<String>,
    pub outcome: Option<&'static str>,
}

/// The reader, and what they may know.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub actor: &'a Actor,
    pub resource: &'static Resource,
    pub users: Option<&'static Resource>,
    pub accounts: Option<&'static Resource>,
    pub zone: Tz,
    pub now: DateTime<Utc>,
}

impl Reader<'_> {
    fn at(&self, time: &Value) -> Option<TimeShown> {
        let moment = time.as_time()?.moment()?;
        Some(TimeShown::new(moment, self.zone, self.now))
    }

    fn name(&self, person: &Person) -> String {
        match (person.id, &person.name) {
            (Some(id), _) if id == self.actor.id => "you".to_owned(),
            (_, Some(name)) if self.users.is_some_and(|users| self.actor.sees_labels_of(users)) => name.clone(),
            (Some(_), _) => "somebody".to_owned(),
            (None, _) => "nobody known".to_owned(),
        }
    }

    fn stamp(&self, person: &Person, time: &Value) -> Stamp {
        Stamp { who: self.name(person), at: self.at(time) }
    }

    fn link(&self, table: Option<&'static Resource>, id: Option<Uuid>) -> Option<String> {
        let table = table.filter(|table| self.actor.may(Action::Read, table))?;
        id.map(|id| urls::record_url(table, id))
    }

    fn choice(&self, column: &str, value: Option<&str>) -> Option<(&'static str, Tone, &'static str)> {
        let Some(Kind::Choice(choices)) = self.resource.column(column).map(|column| column.kind) else { return None };
        let choice = choices.iter().find(|choice| Some(choice.value) == value)?;
        Some((choice.label, shown::tone(choice.tone), choice.icon))
    }

    fn line<'a>(&self, entry: &'a Entry, currency: Option<&'a str>) -> Line<'a> {
        Line {
            href: urls::record_url(self.resource, entry.id),
            label: entry.reference.clone().filter(|reference| !reference.trim().is_empty()).unwrap_or_else(|| entry.id.to_string()),
            kind: self.choice("transaction_type", Some(&entry.kind)).map_or(&entry.kind, |(label, _, _)| label),
            effect: money(&entry.effect, currency),
            at: self.at(&entry.at),
            status: self.choice("status", entry.status.as_deref()),
        }
    }

    fn leg<'a>(&self, leg: &'a Leg) -> LegView<'a> {
        let currency = leg.account.currency.as_deref();
        let sees_owner = leg.account.owner.id == Some(self.actor.id) || self.users.is_some_and(|users| self.actor.sees_labels_of(users));
        LegView {
            account_url: self.link(self.accounts, Some(leg.account.id)),
            owner: leg.account.owner.name.as_deref().filter(|_| sees_owner).unwrap_or("not yours to see"),
            owner_url: self.link(self.users, leg.account.owner.id).filter(|_| sees_owner),
            balance: money(&leg.account.balance, currency),
            effect: money(&leg.effect, currency),
            after: money(&leg.balance_after, currency),
            available: money(&leg.account.available, currency),
            entries: leg.entries.iter().map(|entry| self.line(entry, currency)).collect(),
            all_url: urls::referring_url(self.resource, "account_id", leg.account.id),
            leg,
        }
    }

    pub(super) fn said(&self, word: &Word) -> Said {
        let (did, tone, icon) = match word.decision.as_str() {
            "approve" => ("approved", Tone::Done, "completed"),
            "reject" => ("rejected", Tone::Failed, "failed"),
            "withdraw" => ("withdrew it", Tone::Off, "cancelled"),
            _ => ("let it expire", Tone::Off, "cancelled"),
        };
        let mut stamp = self.stamp(&word.decider, &word.at);
        if word.decision == "expire" {
            "time".clone_into(&mut stamp.who);
        }
        let void = match (word.decision == "approve" && !word.stands, word.has_lapsed) {
            (true, _) => Some("before it was changed: does not count"),
            (false, true) => Some("may not decide this any more: does not count"),
            (false, false) => None,
        };
        Said { stamp, did, tone, icon, reason: word.reason.clone(), rule: word.rule_applied.clone(), void }
    }

    pub(super) fn asked(&self, question: &Question) -> Asked {
        Asked {
            asked: self.stamp(&question.asked_by, &question.asked_at),
            question: question.question.clone(),
            answered: question.answer.as_ref().map(|_| self.stamp(&question.answered_by, &question.answered_at)),
            answer: question.answer.clone(),
            outcome: match question.outcome.as_deref() {
                Some("edited") => Some("The transaction was edited instead."),
                Some("decided") => Some("It was decided without an answer."),
                Some(_) => None,
                None => Some("Not answered yet."),
            },
        }
    }
}

/// What this reader may say, and why not.
pub fn stance(item: &Item, reader: &Reader<'_>) -> Stance {
    let me = reader.actor.id;
    if !item.is_pending() {
        return Stance::Over;
    }
    if item.was_made_by(me) {
        return Stance::Withheld("You made this one: somebody else decides it.");
    }
    if item.was_edited_by(me) {
        return Stance::Withheld("You edited this one last: somebody else decides it.");
    }
    if !reader.actor.may(Action::Decide, reader.resource) {
        return Stance::Withheld("Only administrators and managers decide.");
    }
    let mine = item.approvals().any(|word| word.decider.id == Some(me));
    Stance::Decides(if mine {
        Some("You approved it already: it needs somebody else as well.".to_owned())
    } else if item.open_question().is_some() {
        Some("A question about it waits for its answer.".to_owned())
    } else {
        item.obstacle.as_ref().map(|obstacle| format!("{}.", worded(obstacle)))
    })
}

/// Everything a page can add to an item: where its form and its links lead, and what went wrong.
pub struct Around {
    pub action: String,
    pub skip: Option<String>,
    pub reason: String,
    pub reason_error: Option<String>,
    pub changed: Vec<Changed>,
}

pub fn view<'a>(item: &'a Item, rule: &Rule, reader: Reader<'a>, around: Around) -> ItemView<'a> {
    let source = item.source();
    let currency = source.account.currency.as_deref();
    let stance = stance(item, &reader);
    let made_at = source.created_at.as_time().and_then(|time| time.moment());
    let approvals = item.approvals().count();
    let needed = usize::try_from(item.needed.unwrap_or(0)).unwrap_or(0);
    // Once it is decided, its last change was the decision.
    let is_edited = |leg: &&Leg| leg.editor.id != leg.maker.id || item.is_pending() && leg.updated_at != leg.created_at;
    let edited = item.legs.iter().filter(|leg| leg.editor.id.is_some()).find(is_edited);
    let may_answer = item.was_made_by(reader.actor.id) || item.was_edited_by(reader.actor.id);
    ItemView {
        heading: label(item),
        amount: money(&source.amount, currency).unsigned(),
        status: reader.choice("status", source.status.as_deref()),
        sentence: match source.kind.as_str() {
            "deposit" => "Deposit to",
            "interest" => "Interest to",
            "withdrawal" => "Withdrawal from",
            "payment" => "Payment from",
            "fee" => "Fee from",
            _ => "Transfer from",
        },
        legs: item.legs.iter().map(|leg| reader.leg(leg)).collect(),
        made: reader.stamp(&source.maker, &source.created_at),
        age: made_at.map(|made_at| Age::between(made_at, reader.now)),
        edited: edited.map(|leg| reader.stamp(&leg.editor, if item.is_pending() { &leg.updated_at } else { &Value::Null })),
        expires: reader.at(&item.expires_at).filter(|_| item.is_pending()),
        tier: tier(rule, source),
        so_far: item.words.iter().map(|word| reader.said(word)).collect(),
        questions: item.questions.iter().map(|question| reader.asked(question)).collect(),
        twins: item.twins.iter().map(|entry| reader.line(entry, currency)).collect(),
        obstacle: item.obstacle.as_ref().filter(|_| item.is_pending()).map(worded),
        effect: match needed.saturating_sub(approvals) {
            _ if !item.is_pending() => "The account now".to_owned(),
            // To whoever cannot approve it, or not now, nothing is promised.
            _ if !matches!(stance, Stance::Decides(None)) => "Once it is approved".to_owned(),
            0 | 1 => "If you approve, it is posted".to_owned(),
            2 => "If you approve, it waits for one more".to_owned(),
            more => format!("If you approve, it waits for {} more", more - 1),
        },
        answers: item.is_pending() && item.open_question().is_some() && may_answer,
        stance,
        record_url: urls::record_url(reader.resource, source.id),
        action: around.action,
        skip: around.skip,
        reason: around.reason,
        reason_error: around.reason_error,
        changed: around.changed,
        reverses: item.links.reverses.map(|id| urls::record_url(reader.resource, id)),
        reversed_by: item.links.reversed_by.iter().map(|id| urls::record_url(reader.resource, *id)).collect(),
        item,
    }
}

/// How people call it.
pub fn label(item: &Item) -> String {
    let source = item.source();
    source.reference.clone().filter(|reference| !reference.trim().is_empty()).unwrap_or_else(|| source.id.to_string())
}

/// "10,000.00 USD and more: two people"
fn tier(rule: &Rule, source: &Leg) -> Option<String> {
    let Number::Decimal(amount) = source.amount else { return None };
    let currency = source.account.currency.as_deref();
    let tier = rule.tier(currency, amount).filter(|_| rule.fault.is_none())?;
    let people = match tier.approvers {
        1 => "one person".to_owned(),
        2 => "two people".to_owned(),
        more => format!("{more} people"),
    };
    Some(if tier.from.is_zero() { people } else { format!("{} and more: {people}", MoneyShown::new(tier.from, currency)) })
}

impl ItemView<'_> {
    pub fn may_decide(&self) -> bool {
        matches!(self.stance, Stance::Decides(_))
    }

    /// Why approving would be refused now.
    pub fn held_back(&self) -> Option<&str> {
        match &self.stance {
            Stance::Decides(why) => why.as_deref(),
            Stance::Withheld(_) | Stance::Over => None,
        }
    }

    /// Why the actions are not for this reader.
    pub fn withheld(&self) -> Option<&'static str> {
        match self.stance {
            Stance::Withheld(why) => Some(why),
            Stance::Decides(_) | Stance::Over => None,
        }
    }

    /// The canonical bytes in a form that no browser rewrites on their way back.
    pub fn shown(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.item.seen.statement)
    }

    pub fn can_be_asked(&self) -> bool {
        self.item.open_question().is_none() && self.item.source().maker.id.is_some()
    }

    pub fn approvals_so_far(&self) -> usize {
        self.item.approvals().count()
    }
}
