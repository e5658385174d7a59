//! What does an error page say, failure by failure?

use super::super::failure::deed;
use super::{ErrorView, RequestId};
use crate::db::absence::Why;
use crate::error::{Cause, Kept, PageError, WayOn};

/// Every view has a way on; the dashboard is the last resort.
pub(super) fn view_of(error: &PageError, id: &RequestId) -> ErrorView {
    let Words { heading, happened, detail, mut ways, kept } = words(error);
    ways.push(WayOn::new("Go to the dashboard", "/"));
    ErrorView { title: format!("Error: {heading}"), heading, happened, detail, ways, kept, request_id: id.0.clone() }
}

struct Words {
    heading: String,
    happened: String,
    detail: String,
    ways: Vec<WayOn>,
    kept: Option<Kept>,
}

impl Words {
    fn new(heading: &str, happened: impl Into<String>) -> Self {
        Self { heading: heading.to_owned(), happened: happened.into(), detail: String::new(), ways: Vec::new(), kept: None }
    }

    fn detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }

    fn ways(mut self, ways: &[WayOn]) -> Self {
        self.ways.extend_from_slice(ways);
        self
    }

    fn kept(mut self, kept: Option<&Kept>) -> Self {
        self.kept = kept.cloned();
        self
    }
}

fn words(error: &PageError) -> Words {
    match error {
        PageError::BadRequest { what } => {
            let happened = "The address asks for something this page does not have. Nothing was changed.";
            Words::new("This address is not quite right", happened).detail(what)
        }
        PageError::DoesNotFit { what, ways } => {
            Words::new("That does not fit into one file", "Nothing was exported, and nothing was changed.").detail(what).ways(ways)
        }
        PageError::NotFound { what, detail, ways } => {
            let heading = format!("There is no {what}");
            let happened = "The address is well formed, but nothing is there, or your role may not see it.";
            Words::new(&heading, happened).detail(detail.as_deref().unwrap_or_default()).ways(ways)
        }
        PageError::NotPermitted(refused) => {
            let allowed: Vec<&str> = refused.allowed.iter().map(|role| role.label()).collect();
            forbidden(&deed(refused), &allowed)
        }
        PageError::Forbidden { what, allowed_roles } => forbidden(what, allowed_roles),
        PageError::Conflict { what, ways } => Words::new("Somebody was faster", "Nothing of yours was saved.").detail(what).ways(ways),
        PageError::Gone { what } => {
            let happened = "It worked once, or only for a time, and that is over. Ask an administrator for a new one.";
            Words::new("This is no longer valid", happened).detail(what)
        }
        PageError::TooLarge => {
            let happened = "More was sent than is accepted at once. Nothing was saved. Go back and shorten the longest text.";
            Words::new("That was too much", happened)
        }
        PageError::Unprocessable { what } => {
            let happened = "What was sent could not be understood. Nothing was saved. Go back and correct it.";
            Words::new("This could not be saved", happened).detail(what)
        }
        PageError::TooMany { retry_after } => {
            let happened = format!("There were too many tries. Wait {}, then try again.", duration(retry_after.as_secs()));
            Words::new("Too many tries", happened)
        }
        PageError::Unavailable { retry_after, cause, kept, source: _ } => {
            let (heading, happened) = unavailable(*cause, &duration(retry_after.as_secs().max(1)));
            Words::new(heading, happened).kept(kept.as_ref())
        }
        PageError::StaleToken { kept, back } => {
            let happened = "The form was opened in another session, or its page was too old. Nothing was saved.";
            let back = WayOn::new("Open the page again", back);
            Words::new("This form can no longer be sent", happened).kept(kept.as_ref()).ways(&[back])
        }
        PageError::SignedOut => {
            Words::new("You are not signed in", "Sign in, then open this address again. Nothing was changed.".to_owned())
                .ways(&[WayOn::new("Sign in", "/login")])
        }
        PageError::MethodNotAllowed => {
            let happened = "This address exists, but not for what was asked of it. Nothing was changed.";
            Words::new("This cannot be done here", happened)
        }
        PageError::Refused(status) => {
            let reason = status.canonical_reason().unwrap_or("Refused");
            Words::new("The request was refused", format!("{reason} ({}). Nothing was changed.", status.as_u16()))
        }
        PageError::Internal { source: _ } => {
            let happened = "This is our fault, not yours. It was written down with the request id below.";
            Words::new("Something failed here", happened)
        }
    }
}

fn forbidden(what: &str, allowed_roles: &[&str]) -> Words {
    let happened = format!("Your role may not {what}. {}", who_may(allowed_roles));
    Words::new("You may not do this", happened)
}

/// As much of the reason as whoever waits can do something about.
fn unavailable(cause: Cause, wait: &str) -> (&'static str, String) {
    match cause {
        Cause::Database(Why::Away) => (
            "The console is waiting for its database",
            format!("The database does not answer at the moment. Nothing was saved. Try again in {wait}."),
        ),
        Cause::Database(Why::Crowded) => {
            ("Too many are at work at once", format!("No connection to the database is free. Nothing was saved. Try again in {wait}."))
        }
        Cause::Database(Why::Full) => (
            "There is no room left to save this",
            format!("Nothing was saved. Reading still works. Tell an administrator that the database is full, then try again in {wait}."),
        ),
        Cause::Database(Why::ReadOnly) => (
            "Nothing can be changed at the moment",
            format!("The database only lets itself be read. Nothing was saved. Try again in {wait}."),
        ),
        Cause::Slow => (
            "This took too long",
            format!("The database did not finish it in time, so it was stopped. Nothing was saved. Try again in {wait}, or ask for less."),
        ),
        Cause::Held => {
            ("Somebody else is changing this at the same moment", format!("Nothing was saved. Try again in {wait}: then it may be free."))
        }
        Cause::Crowd => ("Too many of these at once", format!("Others are taking the same. Try again in {wait}.")),
        Cause::Unsure => (
            "It is not known whether this was saved",
            format!(
                "The connection to the database broke at the last moment. Send it again in {wait}: if it was saved, it is not done twice."
            ),
        ),
    }
}

fn who_may(roles: &[&str]) -> String {
    match roles {
        [] => "No role may.".to_owned(),
        [one] => format!("Only this role may: {one}."),
        [first @ .., last] => format!("These roles may: {} and {last}.", first.join(", ")),
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
