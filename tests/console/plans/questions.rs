//! What can be asked of a list: each declared filter with a common, a rare and an absent value, each declared sort?

use nexus_console::resource::{Column, Kind, Matching, Resource, column};

use super::meter::Meter;

/// The parameters of one question.
pub type Pairs = Vec<(String, String)>;

pub fn sorts(resource: &Resource) -> Vec<String> {
    resource
        .columns
        .iter()
        .filter(|column| column.sortable)
        .flat_map(|column| [column.name.to_owned(), format!("-{}", column.name)])
        .collect()
}

/// Every declared filter, with what separates plans that hold from plans that do not.
pub async fn filters(meter: &Meter, resource: &Resource) -> Vec<Pairs> {
    let mut found = Vec::new();
    for column in resource.columns.iter().filter(|column| column.filterable) {
        for (suffix, value) in values(meter, resource, column).await {
            found.push(vec![(format!("{}{suffix}", column.name), value)]);
        }
        found.push(vec![(format!("{}.empty", column.name), "yes".to_owned())]);
        found.push(vec![(format!("{}.empty", column.name), "no".to_owned())]);
    }
    found
}

async fn values(meter: &Meter, resource: &Resource, column: &Column) -> Vec<(&'static str, String)> {
    let plain = |values: &[&str]| values.iter().map(|value| ("", (*value).to_owned())).collect::<Vec<_>>();
    let own = |texts: Vec<String>| texts.into_iter().map(|text| ("", text)).collect::<Vec<_>>();
    let (table, name) = source(resource, column);
    match column.kind {
        Kind::Text(_) | Kind::LongText if is_words(column) => {
            plain(&["invoice", "a", "demurrage", "zanzibar", "Firefox", "TRF-00001", "TRF-00019", "no such words at all"])
        }
        Kind::Text(_) | Kind::LongText => {
            let mut texts = own(common_and_rare(meter, table, name).await);
            texts.extend(plain(&["nowhere"]));
            texts
        }
        Kind::Bool => plain(&["true", "false"]),
        Kind::Choice(choices) => choices.iter().map(|choice: &column::Choice| ("", choice.value.to_owned())).collect(),
        Kind::Uuid | Kind::Reference(_) => {
            let mut ids = own(common_and_rare(meter, table, name).await);
            ids.extend(plain(&["00000000-0000-0000-0000-0000000000ff"]));
            ids
        }
        Kind::Money(_) => [
            (".min", "10"),
            (".min", "99000"),
            (".min", "1000000"),
            (".max", "20"),
            (".max", "-90000"),
            (".max", "-1000000"),
            ("", "13.13"),
        ]
        .map(|(suffix, value)| (suffix, value.to_owned()))
        .into(),
        Kind::Timestamp => {
            let ends = "SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM unnest(ARRAY[now() - interval '548 days', \
                now() - interval '10 days', now() + interval '10 days']) AS moment";
            let days = meter.texts(ends).await;
            let mut ranges =
                vec![(".to", days[0].clone()), (".from", days[1].clone()), (".from", days[2].clone()), (".to", days[2].clone())];
            ranges.extend([(".to", "1990-01-01".to_owned()), (".from", "1990-01-01".to_owned())]);
            ranges
        }
        Kind::Inet => plain(&["192.0.2.0/24", "192.0.2.77", "198.51.100.0/24", "203.0.113.9", "198.51.100.10"]),
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => Vec::new(),
    }
}

/// Whether the filter looks for words within the text.
pub fn is_words(column: &Column) -> bool {
    match column.kind {
        Kind::LongText => true,
        Kind::Text(_) => column.matching == Matching::Part,
        _ => false,
    }
}

/// The table and the column that a filter's values are in.
fn source<'a>(resource: &'a Resource, column: &'a Column) -> (&'a str, &'a str) {
    match column.path() {
        (None, name) => (resource.table, name),
        (Some(reference), name) => match resource.column(reference).map(|reference| reference.kind) {
            Some(Kind::Reference(target)) => (target.table, name),
            other => panic!("{reference} is a reference, not {other:?}"),
        },
    }
}

async fn common_and_rare(meter: &Meter, table: &str, column: &str) -> Vec<String> {
    let by_frequency = |direction| {
        format!("SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY count(*) {direction}, 1 LIMIT 1")
    };
    let mut texts = meter.texts(&by_frequency("DESC")).await;
    texts.extend(meter.texts(&by_frequency("ASC")).await);
    texts.dedup();
    texts
}
