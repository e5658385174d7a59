//! Does every macro draw every kind of value, and only as markup we meant?

use askama::Template;

use super::*;
use crate::pages::chart::Chart;
use crate::pages::frame::Frame;

mod sample;

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
<div class="head"><h1>Specimen {{ cells::badge("Pending", Tone::Waiting, "pending") }}</h1><div class="do">{{ filters::columns("/tables/x", kept, columns) }}<a class="btn main" href="/x">New</a></div></div>
{{ filters::tabs(tabs) }}{{ filters::search("/tables/x", "words", "Search", kept) }}{{ filters::empty("None", "Nothing yet", "New", Some("/new")) }}{{ cells::copy("id-1") }}
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
    kept: Vec<(String, String)>,
    columns: Vec<ChoiceOption<'a>>,
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

fn rendered() -> String {
    let fields = sample::fields();
    sample::specimen(&fields).render().expect("the specimen renders")
}

#[test]
fn no_users_text_becomes_markup() {
    let html = rendered();
    assert!(!html.contains("<script>"), "a script got through");
    assert!(!html.contains("<b>bold") && !html.contains("Ines <b>") && !html.contains("</textarea><b>"));
    assert!(!html.contains(" style=") && !html.contains(" onclick="), "the policy forbids inline style and script");
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
    assert!(html.contains("\n\n&#60;/textarea"), "a first line break of the value is kept");
}

#[test]
fn every_icon_a_template_names_is_in_the_sprite() {
    let sprite = include_str!("../../../static/icons.svg");
    let html = rendered();
    let used: Vec<&str> = html.split(crate::pages::assets::url::ICONS).skip(1).collect();
    assert!(used.len() > 20);
    for rest in used {
        let name = rest.trim_start_matches('#').split('"').next().unwrap_or_default();
        assert!(sprite.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

/// `NEXUS_SPECIMEN=folder cargo test specimen` writes the page there, to be looked at in a browser.
#[test]
fn the_specimen_can_be_looked_at() {
    if let Some(folder) = std::env::var_os("NEXUS_SPECIMEN") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join("specimen.html"), rendered()).expect("the folder can be written to");
    }
}
