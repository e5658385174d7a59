//! Is a search of the trail read as what it says, and does what was read print as the same again?

use chrono_tz::Tz;
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use super::{quick, text};
use crate::{
    audit::{
        entry::Log,
        review::State,
        trail::{
            place::Place,
            query::{Condition, Outcome, Query, Sense, Term, When, Who},
        },
    },
    db::value::{Address, Timestamp},
    resource::moment,
};

/// What stands behind a qualifier, or by itself, among much that only looks like it.
const PARTS: [&str; 28] = [
    "actor:",
    "action:",
    "table:",
    "record:",
    "field:",
    "from:",
    "to:",
    "ip:",
    "context:",
    "request:",
    "outcome:",
    "review:",
    "colour:",
    "-",
    "\"",
    "\\",
    ",",
    " ",
    "me",
    "system:",
    "db:",
    "*",
    "2026-11-24",
    "ok",
    "open",
    "192.0.2.0/24",
    "00000000-0000-0000-0000-000000000001",
    "é",
];

fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        vec(prop_oneof![4 => select(&PARTS[..]).prop_map(str::to_owned), 1 => text()], 0..9).prop_map(|parts| parts.concat())
    ]
}

fn said() -> impl Strategy<Value = String> {
    prop_oneof![text(), select(&PARTS[..]).prop_map(str::to_owned), "[a-z_]{1,12}"].prop_map(|text| text.replace('\0', ""))
}

fn some<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    vec(one, 1..4)
}

fn who() -> impl Strategy<Value = Who> {
    let named = || said().prop_filter("a name", |name| !name.is_empty());
    prop_oneof![Just(Who::Me), said().prop_map(Who::User), named().prop_map(Who::System), named().prop_map(Who::Database)]
}

fn address() -> impl Strategy<Value = Address> {
    (any::<std::net::IpAddr>(), 0_u8..=128)
        .prop_map(|(address, prefix)| Address { address, prefix: prefix.min(if address.is_ipv4() { 32 } else { 128 }) })
}

fn condition() -> impl Strategy<Value = Condition> {
    let id = any::<u128>().prop_map(Uuid::from_u128);
    prop_oneof![
        some(who()).prop_map(Condition::Actor),
        some(said()).prop_map(Condition::Action),
        some(said()).prop_map(Condition::Table),
        some(id).prop_map(Condition::Record),
        some(said()).prop_map(Condition::Field),
        some(address()).prop_map(Condition::Address),
        some(said()).prop_map(Condition::Context),
        some(said()).prop_map(Condition::Request),
        some(select(&Outcome::ALL[..])).prop_map(Condition::Outcome),
        some(select(&State::ALL[..])).prop_map(Condition::Review),
        said().prop_filter("words", |words| !words.is_empty()).prop_map(Condition::Words),
    ]
}

/// Terms that may stand together: each qualifier is wanted once, and where words are sought there is a period.
fn query() -> impl Strategy<Value = Query> {
    let from = "20[0-4][0-9]-0[1-9]-1[0-9]( 1[0-9]:[0-5][0-9])?".prop_map(|typed| {
        let moment = moment::parse(&typed, Tz::Europe__Berlin).expect("a time");
        Term { sense: Sense::Wanted, condition: Condition::From(When { typed, moment }) }
    });
    let term = (any::<bool>(), condition())
        .prop_map(|(wanted, condition)| Term { sense: if wanted { Sense::Wanted } else { Sense::Unwanted }, condition });
    (from, vec(term, 0..6)).prop_map(|(from, terms)| {
        let mut query = Query { terms: vec![from] };
        for term in terms {
            let repeats = |other: &Term| other.sense == Sense::Wanted && other.condition.qualifier() == term.condition.qualifier();
            let may_repeat =
                matches!(term.condition, Condition::Words(_) | Condition::Field(_) | Condition::Review(_)) || term.sense == Sense::Unwanted;
            if may_repeat || !query.terms.iter().any(repeats) {
                query.terms.push(term);
            }
        }
        query
    })
}

proptest! {
    #![proptest_config(quick())]

    #[test]
    fn what_is_printed_reads_as_the_same(query in query()) {
        let printed = query.to_string();
        prop_assert_eq!(Query::parse(&printed, Tz::Europe__Berlin), Ok(query), "{}", printed);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_within_it(typed in typed()) {
        match Query::parse(&typed, Tz::UTC) {
            Ok(query) => prop_assert_eq!(Query::parse(&query.to_string(), Tz::UTC), Ok(query)),
            Err(wrong) => {
                prop_assert!(wrong.place.start < wrong.place.end, "{:?} {:?}", typed, wrong);
                prop_assert!(wrong.place.end <= typed.chars().count(), "{:?} {:?}", typed, wrong);
            }
        }
    }

    #[test]
    fn a_place_in_the_trail_comes_back_as_itself_and_no_text_is_one(text in text(), micros in any::<Option<i64>>(), id in any::<u128>(), main in any::<bool>()) {
        let at = micros.and_then(Timestamp::from_microseconds);
        let place = Place { at, id: Uuid::from_u128(id), log: if main { Log::Main } else { Log::Registry } };
        prop_assert_eq!(Place::decode(&place.encode()), Some(place));
        prop_assert_eq!(Place::decode(&text), None);
    }
}
