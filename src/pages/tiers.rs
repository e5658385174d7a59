//! How does an administrator say how many people an amount takes, and everybody else see it?

mod typed;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;

use super::{
    display::{Field, FieldError, Input, LineKind, MoneyShown, Presence, TimeShown},
    edit::leave,
    frame::{Crumb, FlashKind, Frame},
    query, response,
    stuck::{self, StuckList},
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    db::write::Write,
    error::PageError,
    resource::{Resource, form::Submission},
    workflows::{
        WorkflowError,
        tiers::{self, EVERY_OTHER, InForce, Saved, Tier},
    },
};
use typed::{Row, Typed};

const PATH: &str = "/approvals/rules";

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(PATH).get(show).post(save));
}

#[derive(Template)]
#[template(path = "tiers/rules.html")]
struct TiersPage<'a> {
    frame: Frame,
    errors: Vec<FieldError<'a>>,
    /// What is in force, a sentence a currency.
    words: Vec<String>,
    in_force: &'a InForce,
    changed_at: Option<TimeShown>,
    may_edit: bool,
    rows: &'a [Row],
    days: Field<'a>,
    version: &'a str,
    conflict: Option<String>,
    stuck: Option<&'a StuckList>,
}

/// Why the form is drawn again.
enum Again {
    /// To have a row more or less, or for the first time.
    Drawn,
    Wrong,
    Stale,
    Stuck(StuckList),
}

fn settings(console: &Console) -> Result<&'static Resource, PageError> {
    console.registry.find("system_settings").ok_or_else(|| PageError::not_found("table of this name"))
}

/// GET /approvals/rules
///
/// # Errors
/// 403 to whoever may not read the settings.
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = visit.actor.authorize(Action::Read, settings(&console)?)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("“{name}” is no parameter of this page")));
    }
    let connection = console.database.read().await?;
    let in_force = tiers::read(&connection).await?;
    drop(connection);
    let typed = Typed::of(&in_force);
    draw(&request, &console, &visit, &in_force, &typed, Again::Drawn)
}

/// POST /approvals/rules
///
/// # Errors
/// 403 to everybody but administrators.
pub async fn save(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let grant = visit.actor.authorize(Action::Edit, settings(&console)?)?;
    let mut typed = Typed::sent(&submission);
    let connection = console.database.read().await?;
    let in_force = tiers::read(&connection).await?;
    drop(connection);
    if typed.changed_rows(&submission) {
        return draw(&request, &console, &visit, &in_force, &typed, Again::Drawn);
    }
    let Some((wanted, days)) = typed.check() else {
        return draw(&request, &console, &visit, &in_force, &typed, Again::Wrong);
    };
    let write = Write::begin(&console.database, &visit.origin).await?;
    match tiers::save(&write, &grant, &typed.version, &wanted, days).await {
        Ok(Saved::Changed) => {
            write.commit().await?;
            let said = "Saved the approval rules. They hold from now on, also for what waits already.";
            Ok(leave(&console, PATH, FlashKind::Done, said))
        }
        Ok(Saved::Unchanged) => Ok(leave(&console, PATH, FlashKind::Warning, "Nothing was changed.")),
        Ok(Saved::Stale) => {
            drop(write);
            let connection = console.database.read().await?;
            let in_force = tiers::read(&connection).await?;
            drop(connection);
            // Sent once more, it replaces what has just been shown.
            typed.version.clone_from(&in_force.version);
            draw(&request, &console, &visit, &in_force, &typed, Again::Stale)
        }
        Err(WorkflowError::Stranded(stranded)) => {
            drop(write);
            let connection = console.database.read().await?;
            let list = stuck::list(&connection, &stranded).await?;
            drop(connection);
            draw(&request, &console, &visit, &in_force, &typed, Again::Stuck(list))
        }
        Err(error) => Err(super::refusal::page(error)),
    }
}

fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    in_force: &InForce,
    typed: &Typed,
    again: Again,
) -> Result<HttpResponse, PageError> {
    let zone = visit.actor.preferences.time_zone;
    let mut errors = typed.errors();
    let (status, conflict, stuck) = match again {
        Again::Drawn => (StatusCode::OK, None, None),
        Again::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, None, None),
        Again::Stale => {
            let who = in_force.changed_by.as_deref().unwrap_or("Somebody else");
            let what = format!(
                "{who} changed the rules since you opened them. Nothing was saved. What holds now stands below; save again to put yours in its place."
            );
            (StatusCode::CONFLICT, Some(what), None)
        }
        Again::Stuck(list) => (StatusCode::UNPROCESSABLE_ENTITY, None, Some(list)),
    };
    if let Some(list) = &stuck {
        errors.push(FieldError { column: "tiers", label: "This rule", text: &list.words });
    }
    let title = if status == StatusCode::OK { "Approval rules" } else { "Error: Approval rules" };
    let settings_url = super::urls::list_url(settings(console)?);
    let crumbs = vec![
        Crumb { label: "System".to_owned(), href: None },
        Crumb { label: "Settings".to_owned(), href: Some(settings_url) },
        Crumb { label: "Approval rules".to_owned(), href: None },
    ];
    let words = in_words(&in_force.tiers);
    let may_edit = visit.actor.may(Action::Edit, settings(console)?);
    let days = Field {
        column: "approval_expiry_days",
        label: "Expires after",
        help: Some(
            "From 1 to 3650. Counted from the day it was made: what is older than that when you save is cancelled at the next round.",
        ),
        error: typed.days_error.clone(),
        presence: Presence::Required,
        input: Input::Line { kind: LineKind::Whole, value: &typed.days, max_length: None, unit: Some("days") },
    };
    let template = TiersPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        errors,
        words,
        in_force,
        changed_at: in_force.changed_at.map(|moment| TimeShown::new(moment, zone, Utc::now())),
        may_edit,
        rows: &typed.rows,
        days,
        version: &typed.version,
        conflict,
        stuck: stuck.as_ref(),
    };
    Ok(response::page(request, status, &template))
}

/// "USD: one person; from 10,000.00 USD on, two people."
fn in_words(tiers: &[Tier]) -> Vec<String> {
    let is_alone = tiers.iter().all(|tier| tier.currency == EVERY_OTHER);
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    for tier in tiers {
        let currency = (tier.currency != EVERY_OTHER).then_some(tier.currency.as_str());
        match words.last_mut().filter(|_| before == Some(&tier.currency)) {
            Some(sentence) => {
                let from = MoneyShown::new(tier.from, currency);
                sentence.push_str(&format!("; from {from} on, {}", people(tier.approvers)));
            }
            None => {
                let name = currency.unwrap_or(if is_alone { "Every currency" } else { "Every other currency" });
                words.push(format!("{name}: {}", people(tier.approvers)));
            }
        }
        before = Some(&tier.currency);
    }
    for sentence in &mut words {
        sentence.push('.');
    }
    words
}

fn people(count: i32) -> String {
    match count {
        1 => "one person".to_owned(),
        2 => "two people".to_owned(),
        3 => "three people".to_owned(),
        count => format!("{count} people"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_said_in_words() {
        let tier = |currency: &str, from: i64, approvers| Tier { currency: currency.to_owned(), from: from.into(), approvers };
        assert_eq!(in_words(&[tier("*", 0, 1), tier("*", 10_000, 2)]), ["Every currency: one person; from 10,000.00 on, two people."]);
        assert_eq!(
            in_words(&[tier("JPY", 0, 2), tier("JPY", 1_000_000, 4), tier("*", 0, 1)]),
            ["JPY: two people; from 1,000,000 JPY on, 4 people.", "Every other currency: one person."]
        );
    }
}
