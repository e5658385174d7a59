//! Is everything recorded that happens, as far as whoever is answerable for that can see it?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;

use super::{
    display::TimeShown,
    frame::{Crumb, Frame},
    query, response, urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::coverage::{Answer, Extent, Finding, Question, Report, Role, Verdict},
    auth::{actor::Actor, grant::Grant, policy::Action},
    error::PageError,
    resource::Registry,
};

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(urls::COVERAGE).get(show));
}

/// Whoever may read the log may know what is not in it.
fn authorized(registry: &Registry, actor: &Actor) -> Result<Grant, PageError> {
    let log = registry.find("audit_logs").ok_or_else(|| PageError::not_found("log of this console"))?;
    Ok(actor.authorize(Action::Read, log)?)
}

/// Whether the page is in this actor's navigation.
pub fn may_read(registry: &Registry, actor: &Actor) -> bool {
    authorized(registry, actor).is_ok()
}

#[derive(Template)]
#[template(path = "audit/coverage.html")]
struct CoveragePage {
    frame: Frame,
    at: TimeShown,
    gaps: usize,
    unanswered: usize,
    answers: Vec<Shown>,
    outside: Vec<Role>,
    walked: usize,
    tables: usize,
}

/// An answer as the page has it.
struct Shown {
    answer: Answer,
    /// Where the row or the entry of each finding is shown, finding by finding.
    links: Vec<Option<String>>,
}

impl Shown {
    fn new(answer: Answer, registry: &Registry) -> Shown {
        let link = |finding: &Finding| Some(urls::record_url(registry.find(&finding.table)?, finding.record?));
        let links = match &answer.verdict {
            Verdict::Gaps(findings) => findings.iter().map(link).collect(),
            Verdict::Covered | Verdict::Unanswered(_) => Vec::new(),
        };
        Shown { answer, links }
    }

    fn findings(&self) -> impl Iterator<Item = (&Finding, &Option<String>)> {
        let findings = match &self.answer.verdict {
            Verdict::Gaps(findings) => findings.as_slice(),
            Verdict::Covered | Verdict::Unanswered(_) => &[],
        };
        findings.iter().zip(&self.links)
    }

    fn is_walked(&self) -> bool {
        self.answer.question == Question::Rows
    }

    /// The look, the icon and the word of its verdict.
    fn status(&self) -> (&'static str, &'static str, String) {
        match &self.answer.verdict {
            Verdict::Covered => ("ok", "completed", "Covered".to_owned()),
            Verdict::Gaps(findings) if findings.len() == 1 => ("bad", "failed", "1 gap".to_owned()),
            Verdict::Gaps(findings) => ("bad", "failed", format!("{} gaps", findings.len())),
            Verdict::Unanswered(_) => ("wait", "warn", "Not known".to_owned()),
        }
    }
}

/// GET /audit/coverage: looks at that moment.
///
/// # Errors
/// 403 to whoever may not read the log.
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = authorized(&console.registry, &visit.actor)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    let connection = console.database.read().await?;
    let report = console.coverage.look(&connection, &console.registry, Extent::Newest).await?;
    drop(connection);
    let (walked, tables) = console.coverage.progress();
    let crumbs = vec![Crumb { label: "Compliance".to_owned(), href: None }, Crumb { label: "Coverage".to_owned(), href: None }];
    let template = CoveragePage {
        frame: Frame::for_page(&console, &visit, &request, "Coverage", crumbs),
        at: TimeShown::new(report.at, visit.actor.preferences.time_zone, Utc::now()),
        gaps: report.findings().count(),
        unanswered: report.unanswered().count(),
        outside: report.outside.roles.clone(),
        answers: report.answers.into_iter().map(|answer| Shown::new(answer, &console.registry)).collect(),
        walked,
        tables,
    };
    Ok(response::page(&request, StatusCode::OK, &template))
}

/// What the dashboard says of it to whoever may read the page.
pub struct Alarm {
    pub what: String,
}

/// Nothing while all is well, and before anybody has looked.
pub fn alarm(console: &Console, actor: &Actor) -> Option<Alarm> {
    let report = console.coverage.latest().filter(|_| may_read(&console.registry, actor))?;
    let first = report.findings().next();
    let what = match (first, report.findings().count()) {
        (Some(first), 1) => first.what.clone(),
        (Some(first), many) => format!("{} And {} more.", first.what, many - 1),
        (None, _) if !report.is_fresh() => stale(&report),
        (None, _) => return None,
    };
    Some(Alarm { what })
}

fn stale(report: &Report) -> String {
    format!("Nobody has looked since {} whether everything is recorded.", report.at.format("%-d %b %Y, %H:%M UTC"))
}
