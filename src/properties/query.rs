//! Is a query read as what it says, and does what was read say the same again?

use chrono_tz::Tz;
use proptest::{collection::vec, prelude::*, sample::select};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{quick, text};
use crate::{
    audit::history::Before,
    db::value::{Number, Timestamp, Value},
    pages::query::decode,
    resource::{
        Kind, Order, Resource,
        cursor::Cursor,
        order::Direction,
        request::{ListRequest, Query},
    },
    tables::TABLES,
};

fn resource() -> impl Strategy<Value = &'static Resource> {
    select(TABLES)
}

fn zone() -> impl Strategy<Value = Tz> {
    select(vec![Tz::UTC, Tz::Europe__Berlin, Tz::America__New_York, Tz::Asia__Kathmandu, Tz::Pacific__Apia, Tz::Africa__Monrovia])
}

/// A parameter of this table's list, or one that is none.
fn parameter(resource: &'static Resource) -> impl Strategy<Value = (String, String)> {
    let mut names: Vec<String> = ["q", "sort", "limit", "after", "before", "columns", "tz", ""].map(str::to_owned).to_vec();
    for column in resource.columns {
        names.extend(["", ".min", ".max", ".from", ".to", ".empty", ".find"].map(|part| [column.name, part].concat()));
    }
    (prop_oneof![9 => select(names), 1 => text()], prop_oneof![text(), sound()])
}

/// What some parameter or other takes.
fn sound() -> impl Strategy<Value = String> {
    let words = [
        "true",
        "false",
        "yes",
        "no",
        "pending",
        "2026-11-24",
        "2026-11-24T14:30",
        "1",
        "200",
        "12.50",
        "-id",
        "created_at",
        "192.0.2.0/24",
        "UTC",
    ];
    prop_oneof![select(words.map(str::to_owned).to_vec()), any::<u128>().prop_map(|number| Uuid::from_u128(number).to_string())]
}

fn asked() -> impl Strategy<Value = (&'static Resource, Vec<(String, String)>)> {
    resource().prop_flat_map(|resource| (Just(resource), vec(parameter(resource), 0..5)))
}

/// A key of the kind that a column is sorted by.
fn key(kind: Kind) -> BoxedStrategy<Value> {
    let value = match kind {
        Kind::Money(_) => prop_oneof![
            (any::<i64>(), 0_u32..3).prop_map(|(number, scale)| Value::Number(Number::Decimal(Decimal::new(number, scale)))),
            Just(Value::Number(Number::NotANumber)),
        ]
        .boxed(),
        Kind::Timestamp => prop_oneof![
            (-211_813_488_000_000_000_i64..9_223_371_331_200_000_000).prop_filter_map("a moment", Timestamp::from_microseconds),
            Just(Timestamp::INFINITY),
            Just(Timestamp::NEGATIVE_INFINITY),
        ]
        .prop_map(Value::Time)
        .boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Uuid | Kind::Reference(_) => any::<u128>().prop_map(|number| Value::Uuid(Uuid::from_u128(number))).boxed(),
        Kind::Text(_) | Kind::LongText | Kind::Choice(_) | Kind::Inet | Kind::Json | Kind::Secret | Kind::SecretWhen(_) => {
            text().prop_map(|text| Value::Text(text.replace('\0', ""))).boxed()
        }
    };
    prop_oneof![9 => value, 1 => Just(Value::Null)].boxed()
}

fn place() -> impl Strategy<Value = (&'static Resource, Order, Cursor)> {
    let sorted: Vec<(&'static Resource, &'static str, Kind)> = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().filter(|column| column.sortable).map(move |column| (*table, column.name, column.kind)))
        .collect();
    (select(sorted), any::<bool>(), any::<u128>()).prop_flat_map(|((resource, column, kind), ascends, id)| {
        let direction = if ascends { Direction::Ascending } else { Direction::Descending };
        let id = Uuid::from_u128(id);
        key(kind).prop_map(move |key| (resource, Order { column, direction }, Cursor { key, id }))
    })
}

proptest! {
    #![proptest_config(quick())]

    #[test]
    fn what_is_written_into_an_address_is_read_out_of_it(pairs in vec((text(), text()), 0..6)) {
        let clean = |text: String| text.replace('\0', "");
        let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| (clean(name), clean(value))).collect();
        let written = Query(pairs.clone()).to_suffix();
        let read = decode(written.trim_start_matches('?')).expect("our own writing");
        prop_assert_eq!(read, pairs);
    }

    #[test]
    fn any_query_is_read_or_refused(query in text()) {
        if let Ok(pairs) = decode(&query) {
            prop_assert!(pairs.iter().all(|(name, value)| !name.contains('\0') && !value.contains('\0')));
            prop_assert_eq!(decode(Query(pairs.clone()).to_suffix().trim_start_matches('?')).ok(), Some(pairs));
        }
    }

    #[test]
    fn a_list_that_is_read_says_the_same_again((resource, pairs) in asked(), zone in zone()) {
        if let Ok(read) = ListRequest::parse(resource, &pairs, zone) {
            prop_assert!((1..=200).contains(&read.limit));
            prop_assert!(read.filters.iter().all(|filter| filter.column.filterable && !filter.column.is_secret()));
            let again = ListRequest::parse(resource, &read.query.0, zone).expect("its own query");
            prop_assert_eq!((again.filters, again.search, again.order, again.limit), (read.filters, read.search, read.order, read.limit));
        }
    }

    #[test]
    fn a_place_in_a_list_comes_back_as_itself_and_for_its_own_order_alone((resource, order, place) in place()) {
        let carried = place.encode(order);
        let read = Cursor::decode(&carried, resource, order).expect("our own cursor");
        prop_assert_eq!(read.encode(order), carried.clone());
        prop_assert_eq!(read, place);
        let other = Order { direction: order.direction.reversed(), ..order };
        prop_assert_eq!(Cursor::decode(&carried, resource, other), None);
    }

    #[test]
    fn no_text_is_a_place_but_our_own(text in text(), (resource, order, place) in place(), at in any::<prop::sample::Index>()) {
        prop_assert_eq!(Cursor::decode(&text, resource, order), None);
        let carried = place.encode(order);
        let mut cut = carried.clone();
        cut.truncate(at.index(carried.len()));
        prop_assert_eq!(Cursor::decode(&cut, resource, order), None);
    }

    #[test]
    fn a_place_in_a_history_comes_back_as_itself(text in text(), micros in any::<i64>(), id in any::<u128>()) {
        if let Some(at) = Timestamp::from_microseconds(micros) {
            let before = Before { at, id: Uuid::from_u128(id) };
            prop_assert_eq!(Before::parse(&before.parameter()), Some(before));
        }
        if let Some(before) = Before::parse(&text) {
            prop_assert_eq!(Before::parse(&before.parameter()), Some(before));
        }
    }
}
