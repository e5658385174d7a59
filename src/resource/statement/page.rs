//! How is one page of a list read: straight along an index, along so many rows, or from all that match?

use super::{
    Among, FEW, Range, Statement,
    select::{Selection, Texts},
};
use crate::{
    auth::grant::Grant,
    db::pool::Planning,
    resource::{cursor::Cursor, request::ListRequest},
};

/// What each of them selects of a row: id, sort key, then the columns asked for; at most `wanted` rows of one part of a list.
impl Statement {
    /// The next rows of a list that an index holds just as it is asked for.
    pub fn straight(grant: &Grant, request: &ListRequest, range: &Range, wanted: usize) -> Statement {
        let mut statement = Statement::default();
        let selection = Selection::of(request.resource, &request.columns);
        statement.head(&selection, request).words(&[" FROM ", request.resource.table, " t WHERE "]);
        statement.conditions(grant, &request.filters).searched(request).range(range, request.order).order(range, request.order);
        statement.push(" LIMIT ").number(wanted).tail(&selection, range, request);
        statement
    }

    /// Those among so many of the next rows of the list's own order that are asked for. Where it looks does not depend on
    /// what it looks for, so one plan serves every value.
    pub fn near(grant: &Grant, request: &ListRequest, range: &Range, length: usize, wanted: usize) -> Statement {
        let mut statement = Statement { planning: along(grant, request), ..Statement::default() };
        let selection = Selection::of(request.resource, &request.columns);
        statement.head(&selection, request).next(&selection, grant, request, range, length);
        statement.asked_for(grant, request, range, wanted).tail(&selection, range, request);
        statement
    }

    /// The same, and behind them the last row that was looked at, if so many were: id and sort key alone. Each row says
    /// at its end whether it is that one. Both are of one moment, so that what goes on from there leaves nothing out;
    /// it is not read where enough is found before.
    pub fn stretch(grant: &Grant, request: &ListRequest, range: &Range, length: usize, wanted: usize) -> Statement {
        let mut statement = Statement { planning: Planning::InOrder, ..Statement::default() };
        let (resource, key) = (request.resource, request.order.column);
        let selection = Selection::of(resource, &request.columns);
        statement.push("(").select(&selection, key).push(", false FROM (").inner(&selection, key, Texts::Excerpts);
        statement.next(&selection, grant, request, range, length).asked_for(grant, request, range, wanted);
        statement.tail(&selection, range, request).words(&[") UNION ALL (SELECT t.id, t.", key]).nothing(&selection);
        statement.words(&[", true FROM ", resource.table, " t WHERE "]).way(grant, request).range(range, request.order);
        statement.order(range, request.order).push(" LIMIT 1 OFFSET ").number(length - 1).push(") LIMIT ").number(wanted);
        statement
    }

    /// The last of one's own rows in a stretch: another's place is not for everybody to know.
    pub fn last_own(grant: &Grant, request: &ListRequest, range: &Range, end: &Cursor) -> Statement {
        let mut statement = Statement { planning: Planning::InOrder, ..Statement::default() };
        statement.words(&["SELECT t.id, t.", request.order.column, " FROM ", request.resource.table, " t WHERE "]);
        statement.rows(grant).push(" AND ").way(grant, request).range(range, request.order).up_to(range, request.order, end);
        statement.order(&range.turned(), request.order).push(" LIMIT 1");
        statement
    }

    /// All that match first, if they are few; then those are put in order. Whether they were few stands behind the
    /// columns, and a row without an id says it where there is none to show.
    pub fn gathered(grant: &Grant, request: &ListRequest, range: &Range, wanted: usize, among: Among) -> Statement {
        let mut statement = Statement { planning: Planning::EachTime, ..Statement::default() };
        let resource = request.resource;
        let selection = Selection::of(resource, &request.columns);
        statement.push("WITH gathered AS MATERIALIZED (");
        match among {
            Among::Own => {
                statement.looked_through(&selection, grant, request).words(&[" FROM ", resource.table, " t WHERE "]).rows(grant);
            }
            Among::Matching => {
                statement.push("SELECT t.id");
                if request.order.column != "id" {
                    statement.words(&[", t.", request.order.column]);
                }
                statement.words(&[" FROM ", resource.table, " t WHERE "]).conditions(grant, &request.filters).searched(request);
                // Mostly there are next to none without a value, and an index that leads to them.
                if matches!(range, Range::Null { .. }) {
                    statement.range(range, request.order);
                }
            }
        }
        statement.push(" LIMIT ").number(FEW + 1).push(") ").select(&selection, request.order.column);
        statement.push(", g.are_few FROM (SELECT count(*) <= ").number(FEW).push(" AS are_few FROM gathered) g LEFT JOIN (");
        statement.inner(&selection, request.order.column, Texts::Excerpts).words(&[" FROM ", resource.table, " t WHERE t.id IN ("]);
        statement.push("SELECT t.id FROM gathered t WHERE true");
        if among == Among::Own {
            statement.filters(resource, &request.filters).searched(request);
        }
        statement.range(range, request.order).order(range, request.order).push(" LIMIT ").number(wanted);
        statement.push(")) t ON true").joins(&selection).order(range, request.order);
        statement
    }

    /// How many rows the planner expects to match: the first line of its plan says it.
    pub fn expected(grant: &Grant, request: &ListRequest) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["EXPLAIN SELECT FROM ", request.resource.table, " t WHERE "]);
        statement.conditions(grant, &request.filters).searched(request);
        statement
    }

    fn head(&mut self, selection: &Selection, request: &ListRequest) -> &mut Self {
        let key = request.order.column;
        self.select(selection, key).push(" FROM (").inner(selection, key, Texts::Excerpts)
    }

    fn next(&mut self, selection: &Selection, grant: &Grant, request: &ListRequest, range: &Range, length: usize) -> &mut Self {
        self.push(" FROM (").looked_through(selection, grant, request).words(&[" FROM ", request.resource.table, " t WHERE "]);
        self.way(grant, request).range(range, request.order).order(range, request.order).push(" LIMIT ").number(length)
    }

    fn asked_for(&mut self, grant: &Grant, request: &ListRequest, range: &Range, wanted: usize) -> &mut Self {
        self.push(") t WHERE ").conditions(grant, &request.filters).searched(request);
        self.order(range, request.order).push(" LIMIT ").number(wanted)
    }

    fn tail(&mut self, selection: &Selection, range: &Range, request: &ListRequest) -> &mut Self {
        self.push(") t").joins(selection).order(range, request.order)
    }
}

/// Where nothing narrows the way, no plan but the right one comes to mind; where something does, it must not be gathered
/// and put in order.
fn along(grant: &Grant, request: &ListRequest) -> Planning {
    let way = request.way(grant);
    if way.is_own || !way.filters.is_empty() { Planning::InOrder } else { Planning::Once }
}
