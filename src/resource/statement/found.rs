//! Which few records of one table match what is sought, of however many rows?

use super::{NEAR, Range, Statement, Towards, select::Selection, select::Texts};
use crate::{
    auth::grant::Grant,
    db::value::Value,
    resource::{
        Column, Resource,
        order::Direction,
        sought::{Aim, Sought},
    },
};

/// Of a long text a reader is shown what stands around the first word found: so many characters before it, and of all.
const BEFORE: &str = "200";
const AROUND: &str = "600";

impl Statement {
    /// At most `most` records: those that are exactly it, then those among the first of the list's order, then whatever
    /// the index of what is sought finds. Each part is read only as far as the ones before it leave room, so that neither a word
    /// that half the rows hold nor one that a single old row holds costs more than a few pages. Selects what a page
    /// does, and behind that a text for each column looked through.
    pub fn found(grant: &Grant, columns: &[&'static Column], sought: &Sought, most: usize) -> Statement {
        let resource = grant.resource();
        let order = resource.order;
        let selection = Selection::of(resource, columns);
        let mut statement = Statement::default();
        statement.parts(grant, sought, most).select(&selection, order.column);
        for column in resource.found_globally() {
            statement.words(&[", t.part_", column.name]);
        }
        statement.push(" FROM (").inner(&selection, order.column, Texts::Excerpts).excerpts(resource, sought);
        statement.push(", f.place FROM (SELECT e.id, 1 AS place FROM exact e");
        statement.push(" UNION ALL SELECT w.id, 2 FROM walked w WHERE w.id NOT IN (SELECT e.id FROM exact e)");
        if !matches!(sought.aim, Aim::Id(_)) {
            statement.push(" UNION ALL SELECT i.id, 3 FROM indexed i WHERE i.id NOT IN (SELECT e.id FROM exact e)");
            statement.push(" AND i.id NOT IN (SELECT w.id FROM walked w)");
        }
        statement.push(" LIMIT ").number(most).words(&[") f JOIN ", resource.table, " t ON t.id = f.id) t"]).joins(&selection);
        let suffix = match order.direction {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        statement.words(&[" ORDER BY t.place, t.", order.column, suffix, ", t.id", suffix]);
        statement
    }

    /// The three places to look. The walk is the list's own; the last is never limited, because the planner would take
    /// a limit for a promise that matches come soon, and read the table from its beginning.
    fn parts(&mut self, grant: &Grant, sought: &Sought, most: usize) -> &mut Self {
        let resource = grant.resource();
        self.push("WITH exact AS MATERIALIZED (").exactly(grant, sought, most);
        self.push("), walked AS MATERIALIZED (SELECT t.id FROM (SELECT t.id");
        for column in resource.found_globally() {
            self.words(&[", t.", column.name]);
        }
        let first = Range::Valued { beyond: None, towards: Towards::End };
        self.words(&[" FROM ", resource.table, " t WHERE "]).rows(grant).range(&first, resource.order).order(&first, resource.order);
        self.push(" LIMIT ")
            .number(NEAR)
            .push(") t WHERE ")
            .matches_in(resource.found_globally(), sought)
            .push(" LIMIT ")
            .number(most)
            .push(")");
        if !matches!(sought.aim, Aim::Id(_)) {
            self.words(&[", indexed AS MATERIALIZED (SELECT t.id FROM ", resource.table, " t WHERE "]).rows(grant).push(" AND ");
            self.matches_in(resource.found_globally(), sought).push(")");
        }
        self.push(" ")
    }

    /// The whole text, in a column whose order an index knows.
    fn exactly(&mut self, grant: &Grant, sought: &Sought, most: usize) -> &mut Self {
        let resource = grant.resource();
        if let Aim::Id(id) = sought.aim {
            self.words(&["SELECT t.id FROM ", resource.table, " t WHERE t.id = "]).bind(Value::Uuid(id)).push(" AND ");
            return self.rows(grant);
        }
        self.push("SELECT NULL::uuid AS id WHERE false");
        for column in resource.found_globally().filter(|column| column.sortable) {
            self.words(&[" UNION (SELECT t.id FROM ", resource.table, " t WHERE t.", column.name, " = "]);
            self.bind(Value::Text(sought.text.clone())).push(" AND ").rows(grant).push(" LIMIT ").number(most).push(")");
        }
        self
    }

    fn excerpts(&mut self, resource: &'static Resource, sought: &Sought) -> &mut Self {
        let words: Vec<usize> = sought.words().iter().map(|word| self.keep(Value::Text(word.clone()))).collect();
        for column in resource.found_globally() {
            let name = column.name;
            self.words(&[", substr(t.", name, ", greatest(1, coalesce(least("]);
            for (index, position) in words.iter().enumerate() {
                self.words(&[if index > 0 { ", " } else { "" }, "nullif(strpos(lower(t.", name, "), lower($"]);
                self.number(*position).push("::text)), 0)");
            }
            self.words(&["), 1) - ", BEFORE, "), ", AROUND, ") AS part_", name]);
        }
        self
    }
}
