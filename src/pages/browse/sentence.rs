//! How does a filter read, and which parameter of the query said it?

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    db::value::{Number, Timestamp, Value},
    pages::display::{Chip, MoneyShown, TimeShown},
    resource::{
        Kind, Resource,
        filter::{Condition, Filter},
        order::{Direction, Order},
        request::ListRequest,
    },
};

/// What the references in a request's filters are called; none where the actor may not know.
pub type Names = Vec<(Uuid, String)>;

/// The clock and the zone that times are written in.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub now: DateTime<Utc>,
    pub zone: Tz,
}

impl Clock {
    /// The zone's short name, as of now.
    pub fn zone_name(self) -> String {
        TimeShown::new(self.now, self.zone, self.now).zone().to_string()
    }
}

/// One chip for the search and one for each filter, each with the list without it.
pub fn chips(request: &ListRequest, names: &Names, clock: Clock) -> Vec<Chip> {
    let list = |name: &str| super::super::urls::list_of(request.resource, &request.query.without(&[name]));
    let search = request.search.iter().map(|text| Chip { label: "Search".to_owned(), words: format!("“{text}”"), without: list("q") });
    let filters = request.filters.iter().map(|filter| Chip {
        label: filter.column.label.to_owned(),
        words: words(filter, names, clock),
        without: list(&parameter(filter)),
    });
    search.chain(filters).collect()
}

/// The parameter that a filter was read from.
pub fn parameter(filter: &Filter<'_>) -> String {
    let suffix = match filter.condition {
        Condition::Any(_) | Condition::Contains(_) | Condition::Begins(_) | Condition::Within(_) => "",
        Condition::AtLeast(_) => ".min",
        Condition::AtMost(_) => ".max",
        Condition::From(_) => ".from",
        Condition::Until(_) | Condition::Before(_) => ".to",
        Condition::Empty | Condition::Filled => ".empty",
    };
    format!("{}{suffix}", filter.column.name)
}

/// What a filter says, after its label.
pub fn words(filter: &Filter<'_>, names: &Names, clock: Clock) -> String {
    match &filter.condition {
        Condition::Any(values) => {
            let values: Vec<String> = values.iter().map(|value| one(filter.column.kind, value, names)).collect();
            format!("is {}", values.join(" or "))
        }
        Condition::Contains(text) => format!("contains “{text}”"),
        Condition::Begins(text) => format!("begins with “{text}”"),
        Condition::AtLeast(amount) => format!("from {}", MoneyShown::new(*amount, None)),
        Condition::AtMost(amount) => format!("up to {}", MoneyShown::new(*amount, None)),
        Condition::From(time) => format!("from {}", moment(*time, clock)),
        Condition::Until(time) => format!("up to {}", moment(*time, clock)),
        Condition::Before(end) => format!("up to {}", last_day(*end, clock)),
        Condition::Within(network) => format!("in {network}"),
        Condition::Empty => "is not set".to_owned(),
        Condition::Filled => "is set".to_owned(),
    }
}

fn one(kind: Kind, value: &Value, names: &Names) -> String {
    match (kind, value) {
        (Kind::Choice(choices), Value::Text(text)) => {
            choices.iter().find(|choice| choice.value == text).map_or_else(|| text.clone(), |choice| choice.label.to_owned())
        }
        (_, Value::Bool(true)) => "yes".to_owned(),
        (_, Value::Bool(false)) => "no".to_owned(),
        (_, Value::Uuid(id)) => names.iter().find(|(named, _)| named == id).map_or_else(|| id.to_string(), |(_, name)| name.clone()),
        (_, value) => value.to_string(),
    }
}

/// A day alone where it begins with the moment, else the moment with its zone.
fn moment(time: Timestamp, clock: Clock) -> String {
    let Some(moment) = time.moment() else {
        return time.to_string();
    };
    let local = moment.with_timezone(&clock.zone);
    let shown = TimeShown::new(moment, clock.zone, clock.now);
    if local.num_seconds_from_midnight() == 0 { day(local) } else { shown.to_string() }
}

fn last_day(end: Timestamp, clock: Clock) -> String {
    match end.moment().and_then(|end| end.checked_sub_signed(TimeDelta::microseconds(1))) {
        Some(last) => day(last.with_timezone(&clock.zone)),
        None => end.to_string(),
    }
}

fn day(local: DateTime<Tz>) -> String {
    local.format("%-d %b %Y").to_string()
}

/// A place in a list, by what its order goes by.
pub fn place(resource: &Resource, order: Order, key: &Value, clock: Clock) -> String {
    let Some(column) = resource.column(order.column) else {
        return key.to_string();
    };
    let label = column.label;
    match key {
        Value::Null => format!("those without “{label}”"),
        Value::Time(time) => format!("{label} {}", moment(*time, clock)),
        Value::Number(Number::Decimal(amount)) => format!("{label} {}", MoneyShown::new(*amount, None)),
        key => format!("{label} “{}”", one(column.kind, key, &Names::new())),
    }
}

/// The order of a list, as its caption says it.
pub fn order_words(resource: &Resource, order: Order) -> String {
    let Some(column) = resource.column(order.column) else {
        return match order.direction {
            Direction::Ascending => "oldest first".to_owned(),
            Direction::Descending => "newest first".to_owned(),
        };
    };
    let label = column.label.to_lowercase();
    let (rising, falling) = match column.kind {
        Kind::Timestamp => ("earliest first", "latest first"),
        Kind::Money(_) => ("smallest first", "largest first"),
        Kind::Bool => ("no before yes", "yes before no"),
        Kind::Text(_) | Kind::LongText | Kind::Choice(_) => ("A to Z", "Z to A"),
        Kind::Uuid | Kind::Reference(_) | Kind::Inet | Kind::Json | Kind::Secret | Kind::SecretWhen(_) => ("ascending", "descending"),
    };
    match order.direction {
        Direction::Ascending => format!("by {label}, {rising}"),
        Direction::Descending => format!("by {label}, {falling}"),
    }
}
