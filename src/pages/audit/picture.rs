//! How busy was each day, drawn so that a day can be clicked into?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::days::{Span, spans};
use crate::{
    audit::trail::{TrailGrant, activity, activity::Tally, driver::Driver, query::Query},
    db::pool::{Connection, DatabaseError},
    pages::{
        chart::{Bar, Chart, Column, Ink, Series},
        display::Counted,
        urls,
    },
};

pub struct Picture {
    pub chart: Chart,
    pub days: Vec<DayBar>,
}

pub struct DayBar {
    pub bar: Bar,
    pub href: String,
    pub date: String,
    pub count: Counted,
}

/// The days of the query's period and those before it; nothing where counting would mean reading every entry.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn picture(
    connection: &Connection,
    grant: TrailGrant,
    driver: &Driver,
    query: &Query,
    now: DateTime<Utc>,
    zone: Tz,
) -> Result<Option<Picture>, DatabaseError> {
    let spans = spans(query.period(), now, zone);
    let days: Vec<_> = spans.iter().map(|span| (span.start, span.end)).collect();
    let tallies = activity::a_day(connection, grant, driver, &days).await?;
    Ok(tallies.map(|tallies| drawn(query, &spans, &tallies)))
}

fn drawn(query: &Query, spans: &[Span], tallies: &[Tally]) -> Picture {
    let period = query.period();
    let series = vec![Series { label: "in this search", ink: Ink::Accent }, Series { label: "on other days", ink: Ink::Second }];
    let column = |(span, tally): (&Span, &Tally)| Column {
        label: span.date.format("%-d %b").to_string(),
        counts: if span.is_within(period) { vec![tally.count, 0] } else { vec![0, tally.count] },
        href: None,
    };
    let columns = spans.iter().zip(tallies).map(column).collect();
    let mut chart = Chart::stacked("entries-a-day", "Entries a day".to_owned(), String::new(), "Day", series, columns);
    let bars = std::mem::take(&mut chart.bars);
    let days = bars.into_iter().zip(spans.iter().zip(tallies)).map(|(bar, (span, tally))| {
        let [from, to] = span.conditions();
        DayBar {
            bar,
            href: urls::trail_url(&query.with(from).with(to).to_string()),
            date: span.date.format("%-d %b %Y").to_string(),
            count: if tally.more { Counted::AtLeast(tally.count) } else { Counted::Exactly(tally.count) },
        }
    });
    Picture { days: days.collect(), chart }
}
