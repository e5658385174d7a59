//! How does what was asked of the trail stand below the box, each part with the trail without it?

use crate::{
    audit::trail::query::{Query, Sense, Term},
    pages::{display::Chip, urls},
};

pub fn chips(query: &Query) -> Vec<Chip> {
    let chip = |(place, term): (usize, &Term)| Chip {
        label: label(term).to_owned(),
        words: words(term),
        without: urls::trail_url(&query.without(place).to_string()),
    };
    query.terms.iter().enumerate().map(chip).collect()
}

fn label(term: &Term) -> &'static str {
    use crate::audit::trail::query::Qualifier;
    match term.condition.qualifier() {
        Some(Qualifier::Actor) => "Actor",
        Some(Qualifier::Action) => "Action",
        Some(Qualifier::Table) => "Table",
        Some(Qualifier::Record) => "Record",
        Some(Qualifier::Field) => "Field",
        Some(Qualifier::From) => "From",
        Some(Qualifier::To) => "To",
        Some(Qualifier::Address) => "Address",
        Some(Qualifier::Context) => "Context",
        Some(Qualifier::Request) => "Request",
        Some(Qualifier::Outcome) => "Outcome",
        Some(Qualifier::Review) => "Review",
        None => "Words",
    }
}

fn words(term: &Term) -> String {
    let values = term.condition.values().join(" or ");
    match term.sense {
        Sense::Wanted => values,
        Sense::Unwanted => format!("not {values}"),
    }
}
