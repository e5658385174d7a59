//! Which values stand on the specimen page?

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{HOSTILE, Specimen};
use crate::pages::chart::{Chart, Column, Ink, Series, spark};
use crate::pages::display::*;
use crate::pages::frame::{Crumb, Environment, Flash, FlashKind, Frame, NavigationGroup, NavigationLink, Signed};

fn frame() -> Frame {
    let link = |label, icon, current| NavigationLink {
        label,
        href: format!("/tables/{label}"),
        icon,
        current,
        count: current.then(|| "3".to_owned()),
    };
    Frame {
        title: "Specimen".to_owned(),
        environment: Some(Environment::named("Demo")),
        actor: Some(Signed::new("Ines <b>Okafor</b>", "Manager")),
        navigation: vec![
            NavigationGroup { title: "Work", links: vec![link("Dashboard", "dashboard", false)] },
            NavigationGroup { title: "Ledger", links: vec![link("Accounts", "account", false), link("Transactions", "tx", true)] },
        ],
        breadcrumbs: vec![
            Crumb { label: "Ledger".to_owned(), href: Some("/".to_owned()) },
            Crumb { label: HOSTILE.to_owned(), href: None },
        ],
        flash: Some(Flash { kind: FlashKind::Done, text: format!("Saved {HOSTILE}") }),
        unread: 3,
        session_ends: Some(moment("2026-11-24T16:00:00Z")),
        printed: "Printed by Ines Okafor.".to_owned(),
        ..Frame::default()
    }
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("the specimen's moment is one")
}

fn every_kind<'a>() -> Vec<(&'static str, Shown<'a>)> {
    let at = TimeShown::new(moment("2026-11-24T13:31:07Z"), parse_zone("Europe/Berlin"), moment("2026-11-24T15:00:00Z"));
    let link = RecordLink { table: "accounts", id: Uuid::nil(), back: Some("%2Ftables") };
    vec![
        ("account_id", Shown::Reference { label: "Kestrel Freight Ltd", detail: Some("Settlement"), href: Some(link) }),
        ("user_id", Shown::Reference { label: HOSTILE, detail: None, href: None }),
        ("amount", Shown::Money(MoneyShown::new(Decimal::new(-1_845_050, 2), Some("GBP")))),
        ("balance", Shown::Money(MoneyShown::odd("NaN", Some("USD")))),
        ("yen", Shown::Money(MoneyShown::new(Decimal::new(482_000_000, 2), Some("JPY")))),
        ("status", Shown::Choice { label: "Completed", tone: Tone::Done, icon: "completed" }),
        ("transaction_type", Shown::Choice { label: "Payment", tone: Tone::Plain, icon: "out" }),
        ("transaction_date", Shown::Time(at)),
        ("description", Shown::Text("\u{645}\u{631}\u{62d}\u{628}\u{627} <b>bold</b>")),
        ("notes", Shown::LongText("Two\nlines")),
        ("is_active", Shown::Boolean(true)),
        ("is_read", Shown::Boolean(false)),
        ("size", Shown::Number(-12_345)),
        ("id", Shown::Identifier(Uuid::nil())),
        ("ip_address", Shown::Address("192.0.2.1".to_owned())),
        ("settings", Shown::Json("{\n  \"a\": \"<\"\n}".to_owned())),
        ("processed_at", Shown::NotSet),
        ("password_hash", Shown::Hidden(Secrecy::Kept)),
        ("setting_value", Shown::Hidden(Secrecy::Set)),
        ("owner", Shown::Restricted),
    ]
}

fn field<'a>(column: &'a str, error: Option<&str>, input: Input<'a>) -> Field<'a> {
    Field { column, label: column, help: Some("What it is for."), error: error.map(str::to_owned), presence: Presence::Required, input }
}

pub(super) fn fields<'a>() -> Vec<Field<'a>> {
    let line = |kind, value| Input::Line { kind, value, max_length: Some(255), unit: Some("GBP") };
    let option = |value, chosen| ChoiceOption { value, label: value, chosen };
    let candidate = |id: &str| Candidate { id: id.to_owned(), label: HOSTILE.to_owned(), detail: Some("x".to_owned()) };
    let reference = |label, candidates| {
        Input::Reference(ReferenceInput { table: "accounts", column: "user_id", value: "u", label, typed: HOSTILE, candidates })
    };
    vec![
        field("account_name", Some("Type a name"), line(LineKind::Text, HOSTILE)),
        field("amount", None, line(LineKind::Money, "12.50")),
        field("expires_at", None, line(LineKind::Moment, "2026-11-24 14:31")),
        field("description", None, Input::Area { value: "\n</textarea><b>", max_length: None }),
        field("setting_value", Some("Line 2, column 3: a comma is missing"), Input::Json { value: "{\n}" }),
        field("account_type", None, Input::Choice { options: vec![option("checking", true), option("loan", false)] }),
        field("is_active", None, Input::Switch { state: Toggle::On, word: "Active" }),
        field("is_read", None, Input::Switch { state: Toggle::Unknown, word: "Read" }),
        field("user_id", None, reference(Some("Saoirse Brennan"), None)),
        field("owner_id", Some("Choose one"), reference(None, Some(vec![candidate("u"), candidate("v")]))),
        field("other_id", None, reference(None, Some(Vec::new()))),
        field("currency", None, Input::Fixed(Shown::Text("GBP"))),
    ]
}

pub(super) fn specimen<'a>(fields: &'a [Field<'a>]) -> Specimen<'a> {
    let cells = |heads: Heads<'a>| {
        let mut cells: Vec<Cell<'a>> = every_kind()
            .into_iter()
            .map(|(column, shown)| Cell { column, label: column, slot: None, rank: Rank::Always, heads: Heads::Nothing, shown })
            .collect();
        cells[0].heads = heads;
        cells[0].slot = Some(Slot::Title);
        cells[2].slot = Some(Slot::Money);
        cells[5].slot = Some(Slot::State);
        cells[7].slot = Some(Slot::Meta);
        cells
    };
    let link = RecordLink { table: "transactions", id: Uuid::nil(), back: None };
    let option = |value, chosen| ChoiceOption { value, label: value, chosen };
    let filter = |label, control| FilterField { label, control, error: Some("Not a choice".to_owned()) };
    let text = str::to_owned;
    let columns = (1..=30)
        .map(|day| Column { label: format!("{day} Nov"), counts: vec![day * 7 % 31 * 9, day % 5], href: Some(text("/d")) })
        .collect();
    let series = vec![Series { label: "completed", ink: Ink::Accent }, Series { label: "pending", ink: Ink::Waiting }];
    Specimen {
        frame: frame(),
        tabs: vec![Tab { label: "All", href: text("/"), count: Some(Counted::AtLeast(1_000)), current: true }],
        kept: vec![(text("sort"), text("-amount"))],
        columns: vec![option("amount", true), option("status", false)],
        chips: vec![Chip { label: text("Description"), words: format!("contains {HOSTILE}"), without: text("/") }],
        filter_fields: vec![
            filter("Status", Control::Choices { name: "status", options: vec![option("pending", true)] }),
            filter("Active", Control::One { name: "is_active", options: vec![option("true", true)] }),
            filter("Words", Control::Words { name: "description", value: text(HOSTILE) }),
            filter("Amount", Control::Amounts { least: ("amount.min", text("1")), most: ("amount.max", text("")) }),
            filter("Date", Control::Moments { from: ("d.from", text("")), to: ("d.to", text("")), zone: "CET" }),
            filter(
                "Account",
                Control::Reference {
                    name: "account_id",
                    value: text("u"),
                    label: Some(text("Kestrel")),
                    find: "account_id.find",
                    typed: text(""),
                    candidates: None,
                },
            ),
        ],
        rows: vec![cells(Heads::Row(link)), cells(Heads::Nothing)],
        pager: Pager {
            rows: 50,
            count: Counted::About(1_000_000),
            sizes: vec![SizeLink { size: 50, href: None }, SizeLink { size: 100, href: Some(text("?limit=100")) }],
            previous: None,
            next: Some(text("?after=x")),
            further: None,
        },
        facts: every_kind(),
        diff: vec![
            DiffRow { label: text("Amount"), href: Some("/history".to_owned()), before: Side::NotSet, after: Side::Text(text(HOSTILE)) },
            DiffRow { label: text("Password"), href: None, before: Side::Secret, after: Side::Secret },
        ],
        chart: Chart::stacked("month", text("Transactions a day"), text("Thirty days"), "Day", series, columns),
        line: spark(&[1.0, 4.0, 2.0]),
        errors: FieldError::all(fields),
        fields,
    }
}
