//! How does a request become the frame around its page?

use actix_web::{HttpMessage, HttpRequest, web::Data};

use super::{
    approvals, audit, audit_coverage, audit_proof,
    error::RequestId,
    flash,
    frame::{Crumb, Density, Environment, Frame, NavigationGroup, NavigationLink, Shortcuts, Signed, Theme},
    ledger, maintenance, reviews, urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{actor, policy::Action},
    resource::Group,
};

impl Frame {
    /// The frame of a page of somebody logged in: only what this actor may open is in its navigation.
    pub fn for_page(console: &Console, visit: &Visit, request: &HttpRequest, title: impl Into<String>, breadcrumbs: Vec<Crumb>) -> Frame {
        let actor = &visit.actor;
        let preferences = actor.preferences;
        let path = request.path();
        let role = actor.role.map_or("No role", |role| role.label());
        let now = chrono::Utc::now().with_timezone(&preferences.time_zone);
        Frame {
            title: title.into(),
            environment: console.environment.as_deref().map(Environment::named),
            actor: Some(Signed::new(&actor.full_name, role)),
            navigation: navigation(console, visit, request),
            breadcrumbs,
            csrf_token: visit.csrf_token.clone(),
            flash: flash::shown(request),
            theme: match preferences.theme {
                actor::Theme::System => None,
                actor::Theme::Light => Some(Theme::Light),
                actor::Theme::Dark => Some(Theme::Dark),
            },
            rows: match preferences.density {
                actor::Density::Dense => Density::Compact,
                actor::Density::Roomy => Density::Roomy,
            },
            keys: match preferences.shortcuts {
                actor::Shortcuts::On => Shortcuts::On,
                actor::Shortcuts::Off => Shortcuts::Off,
            },
            unread: visit.unread,
            request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            session_ends: Some(visit.session_ends),
            path: request.uri().path_and_query().map_or_else(|| path.to_owned(), ToString::to_string),
            printed: format!("Printed by {} on {}", actor.full_name, now.format("%-d %b %Y, %H:%M %Z")),
        }
    }
}

impl Frame {
    /// The frame of a page that failed, where somebody is logged in.
    pub fn for_failure(request: &HttpRequest) -> Option<Frame> {
        let visit = request.extensions().get::<Visit>().cloned()?;
        let console = request.app_data::<Data<Console>>()?;
        Some(Frame::for_page(console, &visit, request, "", Vec::new()))
    }
}

fn navigation(console: &Console, visit: &Visit, request: &HttpRequest) -> Vec<NavigationGroup> {
    let path = request.path();
    let dashboard = NavigationLink { label: "Dashboard", href: "/".to_owned(), icon: "dashboard", current: path == "/", count: None };
    let mut groups = Vec::new();
    for group in Group::ALL {
        let mut links = Vec::new();
        if group == Group::Work {
            links.push(dashboard.clone());
            links.extend(approvals::link(console, visit, request));
        }
        if group == Group::Compliance && audit::may_read(console, visit) {
            let (href, current) = (urls::AUDIT.to_owned(), path == urls::AUDIT);
            links.push(NavigationLink { label: "Audit trail", href, icon: "trail", current, count: None });
        }
        for resource in console.registry.iter().filter(|resource| resource.group == group && visit.actor.may(Action::Read, resource)) {
            let href = urls::list_url(resource);
            let current = path == href || path.strip_prefix(&href).is_some_and(|rest| rest.starts_with('/'));
            let count = (resource.table == "notifications" && visit.unread > 0)
                .then(|| if visit.unread > 99 { "99+".to_owned() } else { visit.unread.to_string() });
            links.push(NavigationLink { label: resource.plural, href, icon: resource.icon, current, count });
        }
        let may_read_rules = console.registry.find("system_settings").is_some_and(|settings| visit.actor.may(Action::Read, settings));
        if group == Group::System && may_read_rules {
            let current = matches!(path, "/approvals/rules" | "/approvals/held");
            let href = "/approvals/rules".to_owned();
            links.push(NavigationLink { label: "Approval rules", href, icon: "approve", current, count: None });
        }
        if group == Group::System && maintenance::may_read(console, visit) {
            let (href, current) = (urls::MAINTENANCE.to_owned(), path == urls::MAINTENANCE);
            links.push(NavigationLink { label: "Maintenance", href, icon: "health", current, count: None });
        }
        if group == Group::Compliance && audit_coverage::may_read(&console.registry, &visit.actor) {
            let (href, current) = (urls::COVERAGE.to_owned(), path == urls::COVERAGE);
            links.push(NavigationLink { label: "Coverage", href, icon: "coverage", current, count: None });
        }
        if group == Group::Ledger && ledger::may_read(console, visit) {
            let current = path == urls::LEDGER || path.starts_with(&format!("{}/", urls::LEDGER));
            links.push(NavigationLink { label: "Ledger proof", href: urls::LEDGER.to_owned(), icon: "ledger", current, count: None });
        }
        if group == Group::Compliance && audit_proof::may_read(console, visit) {
            let current = path == urls::LOG_PROOF;
            links.push(NavigationLink { label: "Log proof", href: urls::LOG_PROOF.to_owned(), icon: "evidence", current, count: None });
        }
        if group == Group::Compliance {
            links.extend(reviews::links(console, visit, path));
        }
        if !links.is_empty() {
            groups.push(NavigationGroup { title: group.title(), links });
        }
    }
    groups
}
