//! Does every macro draw every kind of value, and only as markup we meant?

use askama::Template;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::pages::chart::{Chart, Column, Ink, Series, spark};
use crate::pages::frame::{
    Crumb, Environment, Flash, FlashKind, Frame, NavigationGroup, NavigationLink, Signed,
};

const HOSTILE: &str = "<script>alert('x')</script>\"'&";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
{%- extends "layout.html" -%}
{%- import "macros/cell.html" as cells -%}
{%- import "macros/filter.html" as filters -%}
{%- import "macros/pager.html" as pages -%}
{%- import "macros/input.html" as inputs -%}
{%- import "macros/errors.html" as errors -%}
{%- import "macros/diff.html" as diffs -%}
{%- import "macros/chart.html" as charts -%}
{%- import "macros/flash.html" as flashes -%}
{%- block content -%}
<div class="head"><h1>Specimen {{ cells::badge("Pending", Tone::Waiting, "pending") }}</h1><div class="do"><a class="btn main" href="/x">New</a></div></div>
{{ filters::tabs(tabs) }}
<div class="chips" role="group" aria-label="Filters">{{ filters::chips(chips) }}<details class="menu left" name="menu"><summary class="chip add">Add filter</summary><div><form class="sieve" method="get" action="/tables/transactions">{% for filter in filter_fields %}{{ filters::filter(filter) }}{% endfor %}</form></div></details></div>
<div class="scroll" tabindex="0" role="region" aria-label="Rows"><table class="table rows"><caption class="sr">Rows</caption><thead><tr>{{ filters::head("Reference", "", SortArrow::Descending, Some("/sorted")) }}{{ filters::head("Amount", "money", SortArrow::Resting, None::<String>) }}</tr></thead><tbody>
{% for row in rows %}<tr data-id="{{ loop.index }}">{% for cell in row %}{{ cells::cell(cell) }}{% endfor %}</tr>{% endfor %}
</tbody></table></div>
{{ pages::pager(pager) }}
<div class="cols"><div class="stack"><section class="card"><header><h2>Fields</h2></header><dl class="facts">{% for (column, shown) in facts %}{{ cells::fact(column, column, shown) }}{% endfor %}</dl></section>
<section class="card"><header><h2>Change</h2></header><div class="in"><div class="diff-box">{{ diffs::diff(diff) }}</div></div></section></div>
<div class="stack">{{ charts::chart(chart) }}{{ charts::spark(line) }}{{ flashes::note("wait", "warn", "A remark") }}</div></div>
{{ errors::summary(errors) }}{{ errors::whole("Whole") }}
<form class="card" method="post" action="/tables/accounts/1" novalidate data-guard>{{ inputs::default_button() }}{{ inputs::csrf("token") }}{% for field in fields %}{{ inputs::field(field) }}{% endfor %}<div class="end-bar"><button class="btn main" data-save>Save</button></div></form>
{%- endblock -%}
"#
)]
struct Specimen<'a> {
    frame: Frame,
    tabs: Vec<Tab>,
    chips: Vec<Chip>,
    filter_fields: Vec<FilterField<'a>>,
    rows: Vec<Vec<Cell<'a>>>,
    pager: Pager,
    facts: Vec<(&'static str, Shown<'a>)>,
    diff: Vec<DiffRow>,
    chart: Chart,
    line: Option<String>,
    errors: Vec<FieldError<'a>>,
    fields: &'a [Field<'a>],
}

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
            NavigationGroup {
                title: "Work",
                links: vec![link("Dashboard", "dashboard", false)],
            },
            NavigationGroup {
                title: "Ledger",
                links: vec![
                    link("Accounts", "account", false),
                    link("Transactions", "tx", true),
                ],
            },
        ],
        breadcrumbs: vec![
            Crumb {
                label: "Ledger".to_owned(),
                href: Some("/".to_owned()),
            },
            Crumb {
                label: HOSTILE.to_owned(),
                href: None,
            },
        ],
        flash: Some(Flash {
            kind: FlashKind::Done,
            text: format!("Saved {HOSTILE}"),
        }),
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
    let at = TimeShown::new(
        moment("2026-11-24T13:31:07Z"),
        parse_zone("Europe/Berlin"),
        moment("2026-11-24T15:00:00Z"),
    );
    let link = RecordLink {
        table: "accounts",
        id: Uuid::nil(),
        back: Some("%2Ftables"),
    };
    vec![
        (
            "account_id",
            Shown::Reference {
                label: "Kestrel Freight Ltd",
                detail: Some("Settlement"),
                href: Some(link),
            },
        ),
        (
            "user_id",
            Shown::Reference {
                label: HOSTILE,
                detail: None,
                href: None,
            },
        ),
        (
            "amount",
            Shown::Money(MoneyShown::new(Decimal::new(-1_845_050, 2), Some("GBP"))),
        ),
        ("balance", Shown::Money(MoneyShown::odd("NaN", Some("USD")))),
        (
            "yen",
            Shown::Money(MoneyShown::new(Decimal::new(482_000_000, 2), Some("JPY"))),
        ),
        (
            "status",
            Shown::Choice {
                label: "Completed",
                tone: Tone::Done,
                icon: "completed",
            },
        ),
        (
            "transaction_type",
            Shown::Choice {
                label: "Payment",
                tone: Tone::Plain,
                icon: "out",
            },
        ),
        ("transaction_date", Shown::Time(at)),
        (
            "description",
            Shown::Text("\u{645}\u{631}\u{62d}\u{628}\u{627} <b>bold</b>"),
        ),
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
    Field {
        column,
        label: column,
        help: Some("What it is for."),
        error: error.map(str::to_owned),
        presence: Presence::Required,
        input,
    }
}

fn fields<'a>() -> Vec<Field<'a>> {
    let line = |kind, value| Input::Line {
        kind,
        value,
        max_length: Some(255),
        unit: Some("GBP"),
    };
    let option = |value, chosen| ChoiceOption {
        value,
        label: value,
        chosen,
    };
    let candidate = |id: &str| Candidate {
        id: id.to_owned(),
        label: HOSTILE.to_owned(),
        detail: Some("x".to_owned()),
    };
    let reference = |label, candidates| {
        Input::Reference(ReferenceInput {
            table: "accounts",
            value: "u",
            label,
            typed: HOSTILE,
            candidates,
        })
    };
    vec![
        field(
            "account_name",
            Some("Type a name"),
            line(LineKind::Text, HOSTILE),
        ),
        field("amount", None, line(LineKind::Money, "12.50")),
        field(
            "expires_at",
            None,
            line(LineKind::Moment, "2026-11-24 14:31"),
        ),
        field(
            "description",
            None,
            Input::Area {
                value: "\n</textarea><b>",
                max_length: None,
            },
        ),
        field(
            "setting_value",
            Some("Line 2, column 3: a comma is missing"),
            Input::Json { value: "{\n}" },
        ),
        field(
            "account_type",
            None,
            Input::Choice {
                options: vec![option("checking", true), option("loan", false)],
            },
        ),
        field(
            "is_active",
            None,
            Input::Switch {
                state: Toggle::On,
                word: "Active",
            },
        ),
        field(
            "is_read",
            None,
            Input::Switch {
                state: Toggle::Unknown,
                word: "Read",
            },
        ),
        field("user_id", None, reference(Some("Saoirse Brennan"), None)),
        field(
            "owner_id",
            Some("Choose one"),
            reference(None, Some(vec![candidate("u"), candidate("v")])),
        ),
        field("other_id", None, reference(None, Some(Vec::new()))),
        field("currency", None, Input::Fixed(Shown::Text("GBP"))),
    ]
}

fn specimen<'a>(fields: &'a [Field<'a>]) -> Specimen<'a> {
    let cells = |heads: Heads<'a>| {
        let mut cells: Vec<Cell<'a>> = every_kind()
            .into_iter()
            .map(|(column, shown)| Cell {
                column,
                slot: None,
                rank: Rank::Always,
                heads: Heads::Nothing,
                shown,
            })
            .collect();
        cells[0].heads = heads;
        cells[0].slot = Some(Slot::Title);
        cells[2].slot = Some(Slot::Money);
        cells[5].slot = Some(Slot::State);
        cells[7].slot = Some(Slot::Meta);
        cells
    };
    let link = RecordLink {
        table: "transactions",
        id: Uuid::nil(),
        back: None,
    };
    let option = |value, chosen| ChoiceOption {
        value,
        label: value,
        chosen,
    };
    let filter = |label, control| FilterField {
        label,
        control,
        error: Some("Not a choice".to_owned()),
    };
    let text = str::to_owned;
    let columns = (1..=30)
        .map(|day| Column {
            label: format!("{day} Nov"),
            counts: vec![day * 7 % 31 * 9, day % 5],
            href: Some(text("/d")),
        })
        .collect();
    let series = vec![
        Series {
            label: "completed",
            ink: Ink::Accent,
        },
        Series {
            label: "pending",
            ink: Ink::Waiting,
        },
    ];
    Specimen {
        frame: frame(),
        tabs: vec![Tab {
            label: "All",
            href: text("/"),
            count: Some(Counted::AtLeast(1_000)),
            current: true,
        }],
        chips: vec![Chip {
            label: text("Description"),
            words: format!("contains {HOSTILE}"),
            without: text("/"),
        }],
        filter_fields: vec![
            filter(
                "Status",
                Control::Choices {
                    name: "status",
                    options: vec![option("pending", true)],
                },
            ),
            filter(
                "Active",
                Control::One {
                    name: "is_active",
                    options: vec![option("true", true)],
                },
            ),
            filter(
                "Words",
                Control::Words {
                    name: "description",
                    value: text(HOSTILE),
                },
            ),
            filter(
                "Amount",
                Control::Amounts {
                    least: ("amount.min", text("1")),
                    most: ("amount.max", text("")),
                },
            ),
            filter(
                "Date",
                Control::Moments {
                    from: ("d.from", text("")),
                    to: ("d.to", text("")),
                    zone: "CET",
                },
            ),
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
            sizes: vec![
                SizeLink {
                    size: 50,
                    href: None,
                },
                SizeLink {
                    size: 100,
                    href: Some(text("?limit=100")),
                },
            ],
            previous: None,
            next: Some(text("?after=x")),
        },
        facts: every_kind(),
        diff: vec![
            DiffRow {
                label: text("Amount"),
                before: Side::NotSet,
                after: Side::Text(text(HOSTILE)),
            },
            DiffRow {
                label: text("Password"),
                before: Side::Secret,
                after: Side::Secret,
            },
        ],
        chart: Chart::stacked(
            "month",
            text("Transactions a day"),
            text("Thirty days"),
            "Day",
            series,
            columns,
        ),
        line: spark(&[1.0, 4.0, 2.0]),
        errors: FieldError::all(fields),
        fields,
    }
}

fn rendered() -> String {
    let fields = fields();
    specimen(&fields).render().expect("the specimen renders")
}

#[test]
fn no_users_text_becomes_markup() {
    let html = rendered();
    assert!(!html.contains("<script>"), "a script got through");
    assert!(
        !html.contains("<b>bold") && !html.contains("Ines <b>") && !html.contains("</textarea><b>")
    );
    assert!(
        !html.contains(" style=") && !html.contains(" onclick="),
        "the policy forbids inline style and script"
    );
}

#[test]
fn fields_are_wired_to_their_errors() {
    let html = rendered();
    for wiring in [
        r#"aria-describedby="account_name-error account_name-help" aria-invalid="true""#,
        r#"id="account_name-error""#,
        r##"href="#account_name""##,
        r#"name="user_id" value="u""#,
        r#"name="user_id.find""#,
        r#"id="errors""#,
        r#"role="status""#,
        r#"rel="next""#,
        r#"aria-sort="descending""#,
        r#"data-column="amount" data-slot="money""#,
    ] {
        assert!(html.contains(wiring), "{wiring}");
    }
    assert!(
        html.contains("\n\n&#60;/textarea"),
        "a first line break of the value is kept"
    );
}

#[test]
fn every_icon_a_template_names_is_in_the_sprite() {
    let sprite = include_str!("../../../static/icons.svg");
    let html = rendered();
    let used: Vec<&str> = html
        .split(crate::pages::assets::url::ICONS)
        .skip(1)
        .collect();
    assert!(used.len() > 20);
    for rest in used {
        let name = rest
            .trim_start_matches('#')
            .split('"')
            .next()
            .unwrap_or_default();
        assert!(sprite.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

/// `NEXUS_SPECIMEN=folder cargo test specimen` writes the page there, to be looked at in a browser.
#[test]
fn the_specimen_can_be_looked_at() {
    if let Some(folder) = std::env::var_os("NEXUS_SPECIMEN") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("specimen.html"), rendered())
            .expect("the folder can be written to");
    }
}
