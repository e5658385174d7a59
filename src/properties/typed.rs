//! Is what somebody types taken as what it says, to the last digit?

use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::{collection::vec, prelude::*, sample::select};
use rust_decimal::Decimal;

use super::{quick, text};
use crate::{
    db::value::{Address, Timestamp, Value},
    resource::{
        Kind, Resource,
        form::{self, Draft, Submission},
        moment::{self, Typed},
        money,
    },
    tables::TABLES,
};

/// A plain decimal, however many digits it has.
fn digits() -> impl Strategy<Value = String> {
    "-?[0-9]{1,30}(\\.[0-9]{1,30})?"
}

/// The digits of a decimal without what says nothing.
fn bare(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.is_empty() && fraction.is_empty() { String::new() } else { [sign, whole, ".", fraction].concat() }
}

fn form() -> impl Strategy<Value = (&'static Resource, Submission)> {
    select(TABLES).prop_flat_map(|resource| {
        let names: Vec<String> = resource
            .columns
            .iter()
            .flat_map(|column| ["", ".find", ".asked"].map(|part| [column.name, part].concat()))
            .chain(["id".to_owned(), "version".to_owned()])
            .collect();
        let pair = (select(names.clone()), prop_oneof![text(), digits()]);
        (Just(resource), vec(pair, 0..8), vec(select(names), 0..2))
            .prop_map(|(resource, pairs, garbled)| (resource, Submission { pairs, garbled }))
    })
}

proptest! {
    #![proptest_config(quick())]

    #[test]
    fn money_is_every_digit_that_was_typed_or_nothing(typed in prop_oneof![text(), digits()]) {
        for amount in [money::plain(&typed), money::parse(&typed, Some("USD")).ok(), money::parse(&typed, Some("JPY")).ok()].into_iter().flatten() {
            prop_assert_eq!(bare(&amount.to_string()), bare(&typed));
        }
        if let Ok(amount) = money::parse(&typed, Some("JPY")) {
            prop_assert!(amount.fract().is_zero());
        }
    }

    #[test]
    fn an_amount_is_read_as_it_is_written(cents in -999_999_999_999_999_i64..=999_999_999_999_999) {
        let amount = Decimal::new(cents, 2);
        prop_assert_eq!(money::parse(&amount.to_string(), Some("USD")), Ok(amount));
    }

    #[test]
    fn any_text_is_a_time_that_can_be_kept_or_none(typed in prop_oneof![text(), "[+-]?[0-9]{1,7}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{1,2}(:[0-9]{1,2}){0,2}(Z|\\+[0-9]{2}:[0-9]{2})?)?"]) {
        for zone in [Tz::UTC, Tz::America__New_York, Tz::Pacific__Apia, Tz::Asia__Kathmandu] {
            let kept = |at: Timestamp| Timestamp::from_microseconds(at.microseconds()).is_some();
            match moment::parse(&typed, zone) {
                Some(Typed::Day { start, end }) => prop_assert!(kept(start) && kept(end) && start < end),
                Some(Typed::Moment(at)) => prop_assert!(kept(at)),
                None => {}
            }
        }
    }

    #[test]
    fn a_time_is_read_as_forms_show_it(seconds in -60_000_000_000_i64..8_000_000_000_000) {
        let Some(at) = Utc::now().checked_add_signed(TimeDelta::seconds(seconds - 2_000_000_000)) else { return Ok(()) };
        let Some(at) = chrono::DateTime::from_timestamp(at.timestamp(), 0).filter(|at| Timestamp::is_storable(*at)) else { return Ok(()) };
        let value = Value::Time(at.into());
        let shown = form::as_typed(&value, Kind::Timestamp, Tz::UTC);
        prop_assert_eq!(moment::parse(&shown, Tz::UTC), Some(Typed::Moment(at.into())), "{}", shown);
    }

    #[test]
    fn an_address_is_read_as_it_is_written(typed in prop_oneof![text(), "[0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,3})?", "[0-9a-f:]{2,20}(/[0-9]{1,3})?"]) {
        if let Ok(address) = typed.parse::<Address>() {
            prop_assert_eq!(address.to_string().parse::<Address>().ok(), Some(address));
        }
    }

    #[test]
    fn any_form_of_any_table_is_read_and_what_was_typed_is_kept((resource, submission) in form()) {
        let mut draft = Draft::submitted(resource, None, &submission, Tz::Europe__Berlin);
        draft.check();
        for field in &draft.fields {
            let typed = submission.get(field.column.name).or(field.column.initial).unwrap_or_default();
            prop_assert_eq!(&field.typed, typed, "{} is kept byte for byte", field.column.name);
            if let Some(Value::Text(text) | Value::Json(text)) = &field.change {
                prop_assert!(!text.contains('\0'));
            }
            if submission.garbled.iter().any(|name| name == field.column.name) {
                prop_assert!(field.error.is_some() && field.change.is_none());
            }
        }
    }

    #[test]
    fn nothing_that_is_no_json_is_taken_for_it(typed in prop_oneof![text(), "[\\[\\]{}\",:0-9a-z\\\\ ]{0,40}"], depth in prop_oneof![0_usize..200, 200_usize..12_000]) {
        let settings = TABLES.iter().find(|resource| resource.table == "ssot_governance_rules").expect("the rules");
        let read = |typed: &str| {
            let submission = Submission { pairs: vec![("rule_config".to_owned(), typed.to_owned())], garbled: Vec::new() };
            let draft = Draft::submitted(settings, None, &submission, Tz::UTC);
            draft.fields.iter().find(|field| field.column.name == "rule_config").and_then(|field| field.change.clone())
        };
        if let Some(Value::Json(kept)) = read(&typed) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&kept).is_ok());
            prop_assert_eq!(kept, typed);
        }
        let nested = ["[".repeat(depth), "]".repeat(depth)].concat();
        prop_assert_eq!(read(&nested).is_some(), (1..128).contains(&depth));
    }
}
