//! How does an auditor take away what shows that a control worked in a period?

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{
    display::{ChoiceOption, FieldError, TimeShown},
    export::Exports,
    frame::{Crumb, Frame},
    query,
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        evidence::{
            self, Asked, Control, PackError, Period, Sample,
            made::{self, Earlier},
            pack::Made,
            sample,
        },
    },
    auth::{csrf::NoRandomness, grant::Grant, policy::Action},
    db::{event::event, write::Write},
    error::PageError,
    resource::moment::{self, Typed},
};

/// Packs that the page tells of.
const SHOWN: i64 = 10;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(urls::EVIDENCE).get(show)).service(web::resource(urls::EVIDENCE_PACK).get(pack));
}

fn authorized(console: &Console, visit: &Visit) -> Result<Grant, PageError> {
    let log = console.registry.find(Log::Main.table()).ok_or_else(|| PageError::not_found("log of this console"))?;
    Ok(visit.actor.authorize(Action::MakeEvidence, log)?)
}

/// The form's fields as they were typed, or as they are offered.
struct Fields {
    control: String,
    from: String,
    to: String,
    sample: String,
    seed: String,
}

/// A control, and what its pack shows.
struct Offered {
    choice: ChoiceOption<'static>,
    purpose: &'static str,
}

struct Line {
    what: String,
    period: String,
    digest: String,
    by: String,
    at: TimeShown,
}

#[derive(Template)]
#[template(path = "audit/evidence.html")]
struct EvidencePage<'a> {
    frame: Frame,
    controls: Vec<Offered>,
    fields: &'a Fields,
    zone: String,
    errors: Vec<FieldError<'a>>,
    earlier: Vec<Line>,
}

impl EvidencePage<'_> {
    fn error_at(&self, column: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.column == column).map(|error| error.text)
    }
}

/// A field of the form and what is wrong with it.
type Wrong = (&'static str, String);

/// GET /audit/evidence
async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    let (from, to) = last_month(Utc::now(), visit.actor.preferences.time_zone);
    let fields = Fields {
        control: Control::AccessReview.name().to_owned(),
        from: from.to_string(),
        to: to.to_string(),
        sample: String::new(),
        seed: fresh_seed().map_err(PageError::internal)?,
    };
    draw(&request, &console, &visit, &grant, &fields, &[]).await
}

/// The calendar month that ended last: the period most reports are about.
fn last_month(now: DateTime<Utc>, zone: Tz) -> (NaiveDate, NaiveDate) {
    let today = now.with_timezone(&zone).date_naive();
    let this = today.with_day(1).unwrap_or(today);
    let last = this.checked_sub_days(Days::new(1)).unwrap_or(this);
    (last.with_day(1).unwrap_or(last), last)
}

fn fresh_seed() -> Result<String, NoRandomness> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    Ok(hex::encode(random))
}

/// GET /audit/evidence/pack.zip
async fn pack(
    request: HttpRequest,
    console: web::Data<Console>,
    exports: web::Data<Exports>,
    visit: Visit,
) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let fields = read(&query::pairs(&request)?)?;
    let asked = match parse(&fields, visit.actor.preferences.time_zone) {
        Ok(asked) => asked,
        Err(wrong) => return draw(&request, &console, &visit, &grant, &fields, &wrong).await,
    };
    let _permit = exports.permit()?;
    let made = Made { at: Utc::now(), by: visit.actor.username.clone(), request: visit.origin.request.clone() };
    let mut connection = console.database.read().await?;
    let pack = match evidence::build(&mut connection, &console.registry, &asked, &made).await {
        Ok(pack) => pack,
        Err(PackError::TooMany { set }) => {
            let wrong = format!("More than 50,000 rows of {set} in this period: choose a shorter one.");
            return draw(&request, &console, &visit, &grant, &fields, &[("to", wrong)]).await;
        }
        Err(PackError::Database(error)) => return Err(error.into()),
        Err(error @ PackError::Archive(_)) => return Err(PageError::internal(error)),
    };
    drop(connection);
    // Written down before the first byte leaves.
    let details = serde_json::json!({
        "control": asked.control.name(),
        "from": asked.period.from.to_string(),
        "before": asked.period.before.to_string(),
        "population": pack.population,
        "sample": asked.sample.as_ref().map(|sample| sample.size),
        "seed": asked.sample.as_ref().map(|sample| sample.seed.as_str()),
        "digest": pack.digest,
    });
    let write = Write::begin(&console.database, &visit.origin).await?;
    event(&write, "evidence_made", &details).await?;
    write.commit().await?;
    let name = format!("attachment; filename=\"evidence-{}-{}-to-{}.zip\"", asked.control.name(), day(&fields.from), day(&fields.to));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/zip"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(pack.zip))
}

/// The day of what was typed as a moment, as a file's name holds it.
fn day(typed: &str) -> String {
    typed.chars().take(10).filter(|letter| letter.is_ascii_digit() || *letter == '-').collect()
}

/// The form's fields; anything else in the address is refused.
fn read(pairs: &[(String, String)]) -> Result<Fields, PageError> {
    let mut fields = Fields { control: String::new(), from: String::new(), to: String::new(), sample: String::new(), seed: String::new() };
    for (name, value) in pairs {
        let field = match name.as_str() {
            "control" => &mut fields.control,
            "from" => &mut fields.from,
            "to" => &mut fields.to,
            "sample" => &mut fields.sample,
            "seed" => &mut fields.seed,
            name => return Err(PageError::bad_request(format!("This page knows no parameter “{name}”"))),
        };
        if !field.is_empty() {
            return Err(PageError::bad_request(format!("“{name}” is there twice")));
        }
        value.trim().clone_into(field);
    }
    Ok(fields)
}

fn parse(fields: &Fields, zone: Tz) -> Result<Asked, Vec<Wrong>> {
    let mut wrong: Vec<Wrong> = Vec::new();
    let control = Control::named(&fields.control);
    if control.is_none() {
        wrong.push(("control", "Choose one of the controls.".to_owned()));
    }
    let a_day = || "A date such as 2026-11-24, or a time such as 2026-11-24T14:30.".to_owned();
    let from = moment::parse(&fields.from, zone).map(|typed| match typed {
        Typed::Day { start, .. } => start,
        Typed::Moment(moment) => moment,
    });
    if from.is_none() {
        wrong.push(("from", a_day()));
    }
    let before = moment::parse(&fields.to, zone).and_then(|typed| match typed {
        Typed::Day { end, .. } => Some(end),
        // Inclusive, as everywhere: the moment itself is within.
        Typed::Moment(moment) => crate::db::value::Timestamp::from_microseconds(moment.microseconds().checked_add(1)?),
    });
    if before.is_none() {
        wrong.push(("to", a_day()));
    }
    if let (Some(from), Some(before)) = (from, before)
        && before <= from
    {
        wrong.push(("to", "The period ends before it begins.".to_owned()));
    }
    let sample = match fields.sample.as_str() {
        "" | "0" => None,
        size => {
            let read = size.parse::<u64>().ok().filter(|read| *read <= sample::MOST && size.bytes().all(|byte| byte.is_ascii_digit()));
            if read.is_none() {
                wrong.push(("sample", "A whole number from 1 to 1,000, or nothing for no sample.".to_owned()));
            }
            if !Sample::is_seed(&fields.seed) {
                let words = "Letters, digits, dots, dashes and underscores, at most 64: who draws again has to type it.";
                wrong.push(("seed", words.to_owned()));
            }
            read.map(|size| Sample { size, seed: fields.seed.clone() })
        }
    };
    match (control, from, before) {
        (Some(control), Some(from), Some(before)) if wrong.is_empty() => Ok(Asked { control, period: Period { from, before }, sample }),
        (_, _, _) => Err(wrong),
    }
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    fields: &Fields,
    wrong: &[Wrong],
) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let earlier = made::earlier(&connection, grant, SHOWN).await?;
    drop(connection);
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let heading = "Evidence";
    let title = if wrong.is_empty() { heading.to_owned() } else { format!("Error: {heading}") };
    let crumbs = vec![Crumb { label: "Compliance".to_owned(), href: None }, Crumb { label: heading.to_owned(), href: None }];
    let label = |column: &str| match column {
        "control" => "Control",
        "from" => "From",
        "to" => "To",
        "sample" => "Sample",
        _ => "Seed",
    };
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let template = EvidencePage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        controls: Control::ALL
            .into_iter()
            .map(|control| Offered {
                choice: ChoiceOption { value: control.name(), label: control.label(), chosen: control.name() == fields.control },
                purpose: control.purpose(),
            })
            .collect(),
        fields,
        zone: zone.to_string(),
        errors: wrong.iter().map(|(column, text)| FieldError { column, label: label(column), text }).collect(),
        earlier: earlier.iter().map(|pack| line(pack, zone, now)).collect(),
    };
    Ok(page(request, status, &template))
}

fn line(pack: &Earlier, zone: Tz, now: DateTime<Utc>) -> Line {
    let control = pack.control.as_deref().unwrap_or_default();
    Line {
        what: Control::named(control).map_or_else(|| control.to_owned(), |control| control.label().to_owned()),
        period: format!("{} to before {}", pack.from.as_deref().unwrap_or_default(), pack.before.as_deref().unwrap_or_default()),
        digest: pack.digest.clone().unwrap_or_default(),
        by: pack.by.clone().unwrap_or_default(),
        at: TimeShown::new(pack.at, zone, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_that_ended_last_is_offered() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time").with_timezone(&Utc);
        let days = |(from, to): (NaiveDate, NaiveDate)| (from.to_string(), to.to_string());
        assert_eq!(days(last_month(at("2026-03-31T12:00:00Z"), Tz::UTC)), ("2026-02-01".to_owned(), "2026-02-28".to_owned()));
        assert_eq!(days(last_month(at("2026-01-01T00:30:00Z"), Tz::UTC)), ("2025-12-01".to_owned(), "2025-12-31".to_owned()));
    }
}
