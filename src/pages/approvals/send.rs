//! What happens when somebody approves, rejects, asks or answers?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use uuid::Uuid;

use super::{
    counts::QueueCounts,
    desk::{Desk, Open, Refused, signed, transactions},
    item,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::write::Write,
    error::{PageError, WayOn},
    pages::{edit::leave, frame::FlashKind, query as parameters, record::record_id, shown::money, visit::Visit},
    resource::form::Submission,
    workflows::{
        approval::{self, Decision, Refusal, Standing, item::Item, queue::Tab},
        told,
    },
};

const STRANGER: &str = "Only administrators and managers decide.";

/// What a form of the queue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Decision(Decision),
    Question,
    Answer,
}

impl Said {
    fn named(name: &str) -> Option<Said> {
        Some(match name {
            "approve" => Said::Decision(Decision::Approve),
            "reject" => Said::Decision(Decision::Reject),
            "ask" => Said::Question,
            "answer" => Said::Answer,
            _ => return None,
        })
    }

    /// As the audit log names the attempt.
    const fn name(self) -> &'static str {
        match self {
            Said::Decision(decision) => decision.name(),
            Said::Question => "ask",
            Said::Answer => "answer",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Stands(Standing),
    Asked,
    Answered,
}

/// `POST /approvals/{transaction}`
pub async fn send(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    counts: web::Data<QueueCounts>,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let transaction = record_id(&path)?;
    let pairs = parameters::pairs(&request)?;
    let said = submission.get("decision").and_then(Said::named);
    let said = said.ok_or_else(|| PageError::Unprocessable { what: "Say approve, reject, ask or answer.".to_owned() })?;
    let grant = permitted(&console, &visit, transaction, said).await?;
    let reason = submission.get("reason").unwrap_or_default();
    let seen = submission.get("seen").unwrap_or_default();
    let desk = Desk::open(&request, &console, &visit, &counts, &pairs).await?;
    let item = match desk.item(transaction).await {
        Ok(item) => item,
        Err(PageError::NotFound { what, detail, ways }) => {
            drop(desk);
            record(&console, &visit, transaction, said, &Refusal::Missing).await?;
            return Err(PageError::NotFound { what, detail, ways });
        }
        Err(error) => {
            if matches!(error, PageError::NotPermitted(_) | PageError::Forbidden { .. }) {
                record(&console, &visit, transaction, said, &Refusal::NotYours(STRANGER)).await?;
            }
            return Err(error);
        }
    };
    // One connection at a time: whoever kept the desk's while waiting for another would, with enough others doing the
    // same, wait for themselves.
    drop(desk);
    let outcome = if submission.garbled.iter().any(|name| name == "reason") {
        Err(Refusal::Words("This is not text in UTF-8: type it again."))
    } else {
        attempt(&console, &visit, grant.as_ref(), said, transaction, reason, seen).await
    };
    let refusal = match outcome {
        Ok(outcome) => {
            let desk = Desk::open(&request, &console, &visit, &counts, &pairs).await?;
            return done(&desk, &counts, &item, outcome).await;
        }
        Err(Refusal::Database(error)) => return Err(error.into()),
        Err(refusal) => refusal,
    };
    record(&console, &visit, transaction, said, &refusal).await?;
    let desk = Desk::open(&request, &console, &visit, &counts, &pairs).await?;
    let status = match &refusal {
        Refusal::Missing => {
            let ways = vec![WayOn::new("Approvals", desk.asked.queue_url())];
            return Err(PageError::NotFound { what: "transaction with this id".to_owned(), detail: None, ways });
        }
        Refusal::Database(_) => return Err(PageError::internal("a failure of the database is no refusal")),
        Refusal::NotYours(_) => StatusCode::FORBIDDEN,
        Refusal::Expired => StatusCode::GONE,
        Refusal::DecidedByYou | Refusal::Decided | Refusal::Changed | Refusal::Withheld(_) => StatusCode::CONFLICT,
        Refusal::TooLittleMoney(_) | Refusal::Words(_) | Refusal::Forged => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let refused = Refused {
        problem: worded(&refusal),
        at_reason: matches!(refusal, Refusal::Words(_)),
        typed: reason.to_owned(),
        shown: matches!(refusal, Refusal::Changed).then(|| signed(submission.get("shown"), seen)).flatten(),
    };
    desk.show(Open::Item(transaction), status, Some(refused)).await
}

/// The right to decide; whoever tries without it is written down. Answering needs none: the door knows whose it is.
async fn permitted(console: &Console, visit: &Visit, transaction: Uuid, said: Said) -> Result<Option<Grant>, PageError> {
    match said {
        Said::Answer => Ok(None),
        Said::Decision(_) | Said::Question => match visit.actor.authorize(Action::Decide, transactions(console)?) {
            Ok(grant) => Ok(Some(grant)),
            Err(refused) => {
                record(console, visit, transaction, said, &Refusal::NotYours(STRANGER)).await?;
                Err(refused.into())
            }
        },
    }
}

async fn attempt(
    console: &Console,
    visit: &Visit,
    grant: Option<&Grant>,
    said: Said,
    transaction: Uuid,
    reason: &str,
    seen: &str,
) -> Result<Outcome, Refusal> {
    let write = Write::begin(&console.database, &visit.origin).await?;
    let outcome = match (said, grant) {
        (Said::Decision(decision), Some(grant)) => {
            let standing = approval::decide(&write, grant, transaction, decision, reason, seen).await?.standing;
            told::decided(&write, transaction, standing, reason).await?;
            Outcome::Stands(standing)
        }
        (Said::Question, Some(grant)) => {
            approval::ask(&write, grant, transaction, reason, seen).await?;
            told::asked(&write, transaction, reason).await?;
            Outcome::Asked
        }
        (Said::Answer, _) => {
            approval::answer(&write, transaction, reason).await?;
            told::answered(&write, transaction).await?;
            Outcome::Answered
        }
        (Said::Decision(_) | Said::Question, None) => return Err(Refusal::NotYours(STRANGER)),
    };
    write.commit().await?;
    Ok(outcome)
}

async fn record(console: &Console, visit: &Visit, transaction: Uuid, said: Said, refusal: &Refusal) -> Result<(), PageError> {
    Ok(approval::record_refusal(&console.database, &visit.origin, transaction, said.name(), refusal).await?)
}

/// 303 to the next item, saying what became of this one.
async fn done(desk: &Desk<'_>, counts: &QueueCounts, item: &Item, outcome: Outcome) -> Result<HttpResponse, PageError> {
    let actor = desk.visit.actor.id;
    let source = item.source();
    let (label, amount) = (item::label(item), money(&source.amount, source.account.currency.as_deref()).unsigned());
    let words = match outcome {
        Outcome::Stands(Standing::Posted) => format!("Approved {label}: {amount} is posted."),
        Outcome::Stands(Standing::Approved { so_far, needed }) => {
            format!("Approved {label}, {so_far} of {needed}: {amount} waits for somebody else as well.")
        }
        Outcome::Stands(Standing::Rejected) => format!("Rejected {label}: {amount} is cancelled, and no money moved."),
        Outcome::Asked => format!("Asked about {label}: it waits for the answer."),
        Outcome::Answered => format!("Answered for {label}: it waits for a decision again."),
    };
    match outcome {
        Outcome::Stands(_) if desk.asked.tab == Tab::Mine => counts.one_less(actor, Tab::Mine),
        Outcome::Stands(_) | Outcome::Asked | Outcome::Answered => counts.forget(actor),
    }
    let next = match outcome {
        Outcome::Answered => Some(source.id),
        Outcome::Stands(_) | Outcome::Asked => desk.next(item).await?.filter(|next| *next != source.id),
    };
    let to = next.map_or_else(|| desk.asked.queue_url(), |next| format!("{}#focus", desk.asked.item_url(next)));
    Ok(leave(desk.console, &to, FlashKind::Done, &words))
}

/// A refusal with its amounts as amounts are written.
fn worded(refusal: &Refusal) -> String {
    match refusal {
        Refusal::TooLittleMoney(shortage) => {
            let currency = shortage.currency.as_deref();
            let shown = |text: &str| match crate::resource::money::plain(text) {
                Some(amount) => crate::pages::display::MoneyShown::new(amount, currency).to_string(),
                None => text.to_owned(),
            };
            format!(
                "There is too little money in the account: {} short. The balance is {} and may not go below {}.",
                shown(&shortage.short),
                shown(&shortage.balance),
                shown(&shortage.lowest)
            )
        }
        Refusal::Missing
        | Refusal::NotYours(_)
        | Refusal::DecidedByYou
        | Refusal::Decided
        | Refusal::Expired
        | Refusal::Changed
        | Refusal::Withheld(_)
        | Refusal::Words(_)
        | Refusal::Forged
        | Refusal::Database(_) => refusal.to_string(),
    }
}
