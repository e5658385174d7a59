//! Which SQL reads the trail? Assembled from the program's own words alone, one log at a time.

use chrono::Datelike;
use uuid::Uuid;

use super::{
    place::{Place, rank},
    query::{End, Period},
    slice::{Depth, Filter},
};
use crate::{
    audit::entry::Log,
    db::value::{Timestamp, Value},
    resource::statement::Towards,
};

/// Entries of one log that are looked through before a page says how far it got.
pub const WALK: usize = 5_000;

/// A statement's text and its parameters.
#[derive(Debug, Default, Clone)]
pub struct Statement {
    text: String,
    parameters: Vec<Value>,
}

/// Entries of one log that one of its indexes holds in order of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Run {
    Everything,
    /// Those with this value of a column that has such an index.
    Of(&'static str, Value),
    /// About one record, under one name of its table.
    Record(Uuid, String),
    /// What no user did.
    Nobody,
}

/// The two parts of the trail: entries with a time, and behind them those without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub part: Part,
    pub beyond: Option<Place>,
    pub towards: Towards,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Timed,
    Timeless,
}

/// Columns by which most entries are told apart.
const COLUMNS: &str = "l.id, l.created_at, l.entity_type, l.entity_id, l.action, l.user_id, l.ip_address, l.context";

impl Statement {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn parameters(&self) -> &[Value] {
        &self.parameters
    }

    pub(super) fn push(&mut self, words: &'static str) -> &mut Self {
        self.text.push_str(words);
        self
    }

    pub(super) fn words(&mut self, words: &[&'static str]) -> &mut Self {
        for word in words {
            self.push(word);
        }
        self
    }

    /// Writes a number of the program's own, such as a page's size.
    pub(super) fn number(&mut self, number: usize) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    pub(super) fn bind(&mut self, value: Value) -> &mut Self {
        self.parameters.push(value);
        let position = self.parameters.len();
        self.push("$").number(position)
    }

    pub(super) fn bind_all(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// Several ids or moments as one parameter, whatever their number.
    pub(super) fn bind_array(&mut self, items: impl IntoIterator<Item = String>, kind: &'static str) -> &mut Self {
        let items: Vec<String> = items.into_iter().collect();
        self.push("(").bind(Value::Text(["{", &items.join(","), "}"].concat())).words(&["::text)::", kind])
    }

    /// The next entries of a run, every one of them asked for: moment and id.
    pub fn straight(log: Log, run: &Run, period: Period, stretch: Stretch, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT l.created_at, l.id FROM ", log.table(), " l WHERE "]);
        statement.run(run).during("l", period, stretch.part).beyond("l", log, stretch).in_order("l", run, stretch);
        statement.push(" LIMIT ").number(most);
        statement
    }

    /// Those among the next entries of a run that are asked for.
    pub fn walked(log: Log, run: &Run, filters: &[&Filter], period: Period, stretch: Stretch, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.push("SELECT t.created_at, t.id FROM (");
        statement.next(log, run, filters, period, stretch, WALK).push(") t WHERE ").tests(log, filters).in_order("t", run, stretch);
        statement.push(" LIMIT ").number(most);
        statement
    }

    /// Where such a walk ends; nothing where the run does.
    pub fn end_of_walk(log: Log, run: &Run, period: Period, stretch: Stretch) -> Statement {
        let mut statement = Statement::straight(log, run, period, stretch, 1);
        statement.push(" OFFSET ").number(WALK - 1);
        statement
    }

    fn next(&mut self, log: Log, run: &Run, filters: &[&Filter], period: Period, stretch: Stretch, most: usize) -> &mut Self {
        self.words(&["SELECT ", COLUMNS]);
        if filters.iter().any(|filter| filter.test.depth() == Depth::Documents) {
            self.push(", l.old_values, l.new_values");
        }
        self.words(&[" FROM ", log.table(), " l WHERE "]);
        self.run(run).during("l", period, stretch.part).beyond("l", log, stretch).in_order("l", run, stretch);
        self.push(" LIMIT ").number(most)
    }

    /// Those that one filter finds by an index of its own, in no order, if the others want them too.
    pub fn gathered(log: Log, finding: &Filter, filters: &[&Filter], period: Period, stretch: Stretch, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.hits(log, finding).words(&[" SELECT t.created_at, t.id FROM hit JOIN ", log.table(), " t ON t.id = hit.id WHERE "]);
        statement.tests(log, filters).during("t", period, stretch.part).beyond("t", log, stretch).in_order("t", &Run::Everything, stretch);
        statement.push(" LIMIT ").number(most);
        statement
    }

    /// What a filter finds by an index of its own, each once.
    fn hits(&mut self, log: Log, finding: &Filter) -> &mut Self {
        self.push("WITH hit AS MATERIALIZED (SELECT DISTINCT found.id FROM (").found(log, finding).push(") found)")
    }

    /// How many of a run there are, counted no further than `most`.
    pub fn count(log: Log, run: &Run, period: Period, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT count(*) FROM (SELECT FROM ", log.table(), " l WHERE "]);
        statement.run(run).within("l", period);
        if *run != Run::Nobody {
            // In its order it is read from the index that holds just these, however many they are taken for.
            statement.push(" ORDER BY l.created_at, l.id");
        }
        statement.push(" LIMIT ").number(most).push(") counted");
        statement
    }

    /// How many a filter finds by an index of its own.
    pub fn count_found(log: Log, finding: &Filter, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.push("SELECT count(*) FROM (").found(log, finding).push(" LIMIT ").number(most).push(") counted");
        statement
    }

    /// How many of the newest of a run are asked for, and how many were looked at.
    pub fn count_walked(log: Log, run: &Run, filters: &[&Filter], period: Period, most: usize) -> Statement {
        let newest = Stretch { part: Part::Timed, beyond: None, towards: Towards::End };
        let mut statement = Statement::default();
        statement.push("SELECT count(*) FILTER (WHERE ").tests(log, filters).push("), count(*) FROM (");
        statement.next(log, run, filters, period, newest, most).push(") t");
        statement
    }

    pub fn count_gathered(log: Log, finding: &Filter, filters: &[&Filter], period: Period) -> Statement {
        let mut statement = Statement::default();
        statement.hits(log, finding).words(&[" SELECT count(*) FROM hit JOIN ", log.table(), " t ON t.id = hit.id WHERE "]);
        statement.tests(log, filters).within("t", period);
        statement
    }

    /// The names under which a log knows a record's table, one step through the index for each.
    pub fn tables_of(log: Log, record: Uuid) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["WITH RECURSIVE known AS ((SELECT l.entity_type FROM ", log.table(), " l WHERE l.entity_id = "]);
        statement.bind(Value::Uuid(record)).push(" ORDER BY l.entity_type LIMIT 1) UNION ALL SELECT (SELECT l.entity_type FROM ");
        statement.words(&[log.table(), " l WHERE l.entity_id = "]).bind(Value::Uuid(record));
        statement
            .push(" AND l.entity_type > known.entity_type ORDER BY l.entity_type LIMIT 1) FROM known WHERE known.entity_type IS NOT NULL)");
        statement.push(" SELECT known.entity_type::text FROM known WHERE known.entity_type IS NOT NULL");
        statement
    }

    /// For each day: its number, how many of a run's newest are asked for, and how many were looked at.
    pub fn a_day(log: Log, run: &Run, filters: &[&Filter], days: &[(Timestamp, Timestamp)], most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.push("SELECT day.place, counted.hits, counted.walked FROM unnest(");
        statement.bind_array(days.iter().map(|(start, _)| moment(*start)), "timestamptz[]").push(", ");
        statement.bind_array(days.iter().map(|(_, end)| moment(*end)), "timestamptz[]");
        statement.push(") WITH ORDINALITY AS day (first, beyond, place), LATERAL (SELECT count(*) FILTER (WHERE ");
        statement.tests(log, filters).words(&[") AS hits, count(*) AS walked FROM (SELECT ", COLUMNS, " FROM ", log.table(), " l WHERE "]);
        statement.run(run).push(" AND l.created_at >= day.first AND l.created_at < day.beyond ORDER BY ");
        if *run == Run::Nobody {
            statement.push("l.user_id DESC, ");
        }
        statement.push("l.created_at DESC, l.id DESC LIMIT ").number(most).push(") t) counted");
        statement
    }

    pub fn a_day_gathered(log: Log, finding: &Filter, filters: &[&Filter], days: &[(Timestamp, Timestamp)]) -> Statement {
        let mut statement = Statement::default();
        statement.hits(log, finding).push(" SELECT day.place, count(*), 0::bigint FROM hit JOIN ");
        statement.words(&[log.table(), " t ON t.id = hit.id JOIN unnest("]);
        statement.bind_array(days.iter().map(|(start, _)| moment(*start)), "timestamptz[]").push(", ");
        statement.bind_array(days.iter().map(|(_, end)| moment(*end)), "timestamptz[]");
        statement.push(") WITH ORDINALITY AS day (first, beyond, place) ON t.created_at >= day.first AND t.created_at < day.beyond WHERE ");
        statement.tests(log, filters).push(" GROUP BY day.place");
        statement
    }

    fn run(&mut self, run: &Run) -> &mut Self {
        match run {
            Run::Everything => self.push("true"),
            Run::Of(column, value) => self.words(&["l.", column, " = "]).bind(value.clone()),
            Run::Record(id, table) => {
                self.push("l.entity_id = ").bind(Value::Uuid(*id)).push(" AND l.entity_type = ").bind(Value::Text(table.clone()))
            }
            Run::Nobody => self.push("l.user_id IS NULL"),
        }
    }

    fn within(&mut self, alias: &'static str, period: Period) -> &mut Self {
        if let Some(from) = period.from {
            self.words(&[" AND ", alias, ".created_at >= "]).bind(Value::Time(from));
        }
        match period.to {
            None => self,
            Some(End::Through(to)) => self.words(&[" AND ", alias, ".created_at <= "]).bind(Value::Time(to)),
            Some(End::Before(to)) => self.words(&[" AND ", alias, ".created_at < "]).bind(Value::Time(to)),
        }
    }

    fn during(&mut self, alias: &'static str, period: Period, part: Part) -> &mut Self {
        match part {
            Part::Timed => self.words(&[" AND ", alias, ".created_at IS NOT NULL"]).within(alias, period),
            Part::Timeless => self.words(&[" AND ", alias, ".created_at IS NULL"]),
        }
    }

    /// What lies behind a place, seen from this log: at the same moment and under the same id stands the other log's.
    fn beyond(&mut self, alias: &'static str, log: Log, stretch: Stretch) -> &mut Self {
        let Some(place) = stretch.beyond else {
            return self;
        };
        let may_be_equal = match stretch.towards {
            Towards::End => rank(log) > rank(place.log),
            Towards::Start => rank(log) < rank(place.log),
        };
        let is_downwards = (stretch.part == Part::Timed) == (stretch.towards == Towards::End);
        let sign = match (is_downwards, may_be_equal) {
            (true, true) => " <= ",
            (true, false) => " < ",
            (false, true) => " >= ",
            (false, false) => " > ",
        };
        match place.at {
            Some(at) => {
                self.words(&[" AND (", alias, ".created_at, ", alias, ".id)", sign, "("]);
                self.bind(Value::Time(at)).push(", ").bind(Value::Uuid(place.id)).push(")")
            }
            None => self.words(&[" AND ", alias, ".id", sign]).bind(Value::Uuid(place.id)),
        }
    }

    /// Names every column of the index, so that it is read in its order even where a column is NULL.
    fn in_order(&mut self, alias: &'static str, run: &Run, stretch: Stretch) -> &mut Self {
        let is_downwards = (stretch.part == Part::Timed) == (stretch.towards == Towards::End);
        let direction = if is_downwards { " DESC" } else { "" };
        self.push(" ORDER BY ");
        if *run == Run::Nobody {
            self.words(&[alias, ".user_id", direction, ", "]);
        }
        self.words(&[alias, ".created_at", direction, ", ", alias, ".id", direction])
    }
}

/// As PostgreSQL reads it within an array.
/// As PostgreSQL reads it: it knows no year 0, which is 1 BC.
fn moment(moment: Timestamp) -> String {
    match moment.moment() {
        Some(at) if at.year() < 1 => format!("\"{:04}-{} BC\"", 1 - at.year(), at.format("%m-%d %H:%M:%S%.6f+00")),
        _ => format!("\"{moment}\""),
    }
}
