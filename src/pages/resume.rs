//! A form was sent after its session had ended: how does what was typed survive the login?

use actix_web::{HttpRequest, http::StatusCode};
use askama::Template;

use super::{frame::Frame, guard::TOKEN, local_path, response};
use crate::resource::form::Submission;

/// What marks a field of the form that is waiting, inside the login form.
const PREFIX: &str = "carried.";
/// Where the waiting form was sent to.
pub(super) const ACTION: &str = "carried_to";
/// More than this is not carried: the login form would grow beyond what it may send back.
const MOST_CARRIED: usize = 900 * 1024;

/// A form waiting for somebody to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Waiting {
    /// From the request that came without a session.
    pub(super) fn of_request(request: &HttpRequest, sent: &Submission) -> Option<Waiting> {
        let fields = without_secrets(sent);
        let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let action = action(request)?;
        (!fields.is_empty() && size <= MOST_CARRIED).then_some(Waiting { action, fields })
    }

    /// From the login form that carries it.
    pub(super) fn of_login(sent: &Submission) -> Option<Waiting> {
        let action = local_path::local(sent.get(ACTION)?)?.to_owned();
        let fields = sent
            .pairs
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value.clone())))
            .filter(|(name, _)| !is_secret(name))
            .collect();
        Some(Waiting { action, fields })
    }

    /// As hidden inputs of the login form.
    pub(super) fn inputs(&self) -> impl Iterator<Item = (String, &str)> {
        self.fields.iter().map(|(name, value)| ([PREFIX, name].concat(), value.as_str()))
    }

    /// Forms of the tables and of the account can be drawn again as they were filled in: their handlers
    /// answer a Find with the form itself, and save nothing. Other forms are confirmations.
    fn can_be_drawn_again(&self) -> bool {
        let path = self.action.split('?').next().unwrap_or_default();
        let mut parts = path.split('/').skip(1);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("tables"), Some(_), None, None) => true,
            (Some("tables"), Some(_), Some(last), None) => last.parse::<uuid::Uuid>().is_ok(),
            (Some("account"), Some("profile" | "preferences"), None, None) => true,
            (Some("transfers"), Some("new"), None, None) => true,
            _ => false,
        }
    }
}

/// The path and query a form was sent to.
pub(super) fn action(request: &HttpRequest) -> Option<String> {
    let path = request.uri().path_and_query()?.as_str();
    local_path::local(path).map(str::to_owned)
}

/// What may be written into a page: everything but passwords and the token.
pub(super) fn without_secrets(sent: &Submission) -> Vec<(String, String)> {
    // A setting's value is a secret when the form asks for it to be encrypted.
    let is_encrypted = sent.get("is_encrypted") == Some("true");
    let is_left_behind = |name: &str| is_secret(name) || (is_encrypted && names_setting_value(name));
    sent.pairs.iter().filter(|(name, _)| !is_left_behind(name)).cloned().collect()
}

/// The field itself, and what a merge carries of it beside (`setting_value.mine`).
fn names_setting_value(name: &str) -> bool {
    name.split('.').next() == Some("setting_value")
}

fn is_secret(name: &str) -> bool {
    name == TOKEN || name.contains("password") || name.contains("token") || name.contains("secret")
}

#[derive(Template)]
#[template(path = "login/resume.html")]
struct ResumePage<'a> {
    frame: &'a Frame,
    waiting: &'a Waiting,
    /// What a person typed, rather than what the form itself put there.
    readable: Vec<(&'a str, &'a str)>,
    back: &'a str,
    draws_again: bool,
}

/// Signed in; the form waits, and nothing of it has been done.
pub(super) fn page(request: &HttpRequest, frame: &Frame, waiting: &Waiting, back: &str) -> actix_web::HttpResponse {
    let readable = waiting
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, value)| !value.is_empty() && !matches!(*name, "id" | "version" | "return" | "find" | "seen"))
        .collect();
    let draws_again = waiting.can_be_drawn_again();
    response::page(request, StatusCode::OK, &ResumePage { frame, waiting, readable, back, draws_again })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Submission {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Submission { pairs, garbled: Vec::new() }
    }

    #[test]
    fn a_form_passes_through_the_login_form_and_leaves_its_secrets_behind() {
        let fields = without_secrets(&sent(&[("account_name", "a=b&c"), ("csrf_token", "t"), ("new_password", "p"), ("x", "")]));
        let waiting = Waiting { action: "/tables/accounts".to_owned(), fields };
        let mut pairs: Vec<(String, String)> = waiting.inputs().map(|(name, value)| (name, value.to_owned())).collect();
        pairs.push((ACTION.to_owned(), waiting.action.clone()));
        pairs.push(("password".to_owned(), "p".to_owned()));
        let back = Waiting::of_login(&Submission { pairs, garbled: Vec::new() }).expect("a form");
        assert_eq!(back, waiting);
        assert_eq!(back.fields, [("account_name".to_owned(), "a=b&c".to_owned()), ("x".to_owned(), String::new())]);
    }

    #[test]
    fn a_form_waits_only_for_our_own_pages() {
        assert_eq!(Waiting::of_login(&sent(&[(ACTION, "//example.com"), ("carried.a", "b")])), None);
        assert_eq!(Waiting::of_login(&sent(&[("carried.a", "b")])), None);
    }

    #[test]
    fn a_deletion_is_never_drawn_again_as_if_it_were_a_form() {
        let of = |action: &str| Waiting { action: action.to_owned(), fields: Vec::new() }.can_be_drawn_again();
        assert!(of("/tables/accounts?return=/") && of("/tables/accounts/01930000-0000-7000-8000-000000000000"));
        assert!(!of("/tables/accounts/01930000-0000-7000-8000-000000000000/delete") && !of("/tables/accounts/selected"));
    }
}
