//! What was typed into the form of the approval rules, and what is wrong with it?

use rust_decimal::Decimal;

use crate::{
    pages::display::FieldError,
    resource::{form::Submission, money},
    workflows::tiers::{EVERY_OTHER, InForce, LONGEST, SHORTEST, Tier},
};

/// As many as anybody needs; the door reads twenty a currency.
const MOST_ROWS: usize = 100;
const MOST_A_CURRENCY: usize = 20;
const MOST_APPROVERS: i32 = 9;

/// One line of the form, exactly as typed. `number` is part of its inputs' names.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub number: usize,
    pub currency: Cell,
    pub from: Cell,
    pub approvers: Cell,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// The input's name and id, and the stem of its error's.
    pub name: String,
    pub typed: String,
    pub error: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub rows: Vec<Row>,
    pub days: String,
    pub days_error: Option<String>,
    /// What belongs to no line.
    pub problem: Option<String>,
    pub version: String,
}

impl Row {
    fn new(number: usize, currency: String, from: String, approvers: String) -> Row {
        let cell = |stem: &str, typed| Cell { name: format!("{stem}_{number}"), typed, error: None };
        Row { number, currency: cell("currency", currency), from: cell("from", from), approvers: cell("approvers", approvers) }
    }

    fn is_blank(&self) -> bool {
        [&self.currency, &self.from, &self.approvers].iter().all(|cell| cell.typed.trim().is_empty())
    }
}

impl Typed {
    pub fn of(in_force: &InForce) -> Typed {
        let row = |(number, tier): (usize, &Tier)| {
            Row::new(number, tier.currency.clone(), format!("{:.2}", tier.from), tier.approvers.to_string())
        };
        let mut rows: Vec<_> = in_force.tiers.iter().enumerate().map(row).collect();
        if rows.is_empty() {
            rows.push(Row::new(0, EVERY_OTHER.to_owned(), "0.00".to_owned(), "1".to_owned()));
        }
        let days = in_force.expiry_days.to_string();
        Typed { rows, days, days_error: None, problem: None, version: in_force.version.clone() }
    }

    /// The lines in the order they came; numbered anew, so that a line more or less leaves no gap.
    pub fn sent(submission: &Submission) -> Typed {
        let numbers = submission.pairs.iter().filter_map(|(name, _)| name.strip_prefix("currency_")?.parse::<usize>().ok());
        let typed = |stem: &str, number: usize| submission.get(&format!("{stem}_{number}")).unwrap_or_default().to_owned();
        let rows = numbers
            .take(MOST_ROWS)
            .enumerate()
            .map(|(place, number)| Row::new(place, typed("currency", number), typed("from", number), typed("approvers", number)))
            .collect();
        Typed {
            rows,
            days: submission.get("approval_expiry_days").unwrap_or_default().to_owned(),
            days_error: None,
            problem: None,
            version: submission.get("version").unwrap_or_default().to_owned(),
        }
    }

    /// Whether the form was sent only to have a line more or less.
    pub fn changed_rows(&mut self, submission: &Submission) -> bool {
        if submission.get("add").is_some() {
            if self.rows.len() < MOST_ROWS {
                self.rows.push(Row::new(self.rows.len(), String::new(), String::new(), String::new()));
            }
            return true;
        }
        let Some(place) = submission.get("remove") else { return submission.get("find").is_some() };
        if let Some(place) = place.parse::<usize>().ok().filter(|place| *place < self.rows.len()) {
            self.rows.remove(place);
            let rows = std::mem::take(&mut self.rows);
            let anew = |(place, row): (usize, Row)| Row::new(place, row.currency.typed, row.from.typed, row.approvers.typed);
            self.rows = rows.into_iter().enumerate().map(anew).collect();
        }
        true
    }

    /// The rule and the days, or nothing and what is wrong at its place.
    pub fn check(&mut self) -> Option<(Vec<Tier>, i32)> {
        let days = self.days.trim().parse::<i32>().ok().filter(|days| (SHORTEST..=LONGEST).contains(days));
        if days.is_none() {
            self.days_error = Some(format!("Type whole days from {SHORTEST} to {LONGEST}."));
        }
        let mut tiers: Vec<(usize, Tier)> = Vec::new();
        for (place, row) in self.rows.iter_mut().enumerate().filter(|(_, row)| !row.is_blank()) {
            if let Some(tier) = read(row) {
                tiers.push((place, tier));
            }
        }
        let is_sound =
            |typed: &Typed| typed.rows.iter().all(|row| [&row.currency, &row.from, &row.approvers].iter().all(|cell| cell.error.is_none()));
        if is_sound(self) {
            tiers.sort_by(|(_, one), (_, other)| {
                let key = |tier: &Tier| (tier.currency == EVERY_OTHER, tier.currency.clone(), tier.from);
                key(one).cmp(&key(other))
            });
            self.rise(&tiers);
            if !tiers.iter().any(|(_, tier)| tier.currency == EVERY_OTHER) {
                self.problem = Some(format!("Say how many people every other currency takes: a line with {EVERY_OTHER} from 0.00 on."));
            }
        }
        let days = days.filter(|_| is_sound(self) && self.problem.is_none())?;
        Some((tiers.into_iter().map(|(_, tier)| tier).collect(), days))
    }

    /// Each currency starts from nothing, and larger amounts take no fewer people.
    fn rise(&mut self, tiers: &[(usize, Tier)]) {
        let mut before: Option<&Tier> = None;
        let mut of_currency = 0;
        for (place, tier) in tiers {
            let row = &mut self.rows[*place];
            let previous = before.filter(|before| before.currency == tier.currency);
            of_currency = if previous.is_some() { of_currency + 1 } else { 1 };
            match previous {
                None if tier.from != Decimal::ZERO => {
                    row.from.error = Some(format!("The first line of {} starts from 0.00.", named(&tier.currency)));
                }
                Some(previous) if previous.from == tier.from => {
                    row.from.error = Some(format!("{} has a line from this amount already.", named(&tier.currency)));
                }
                Some(previous) if previous.approvers > tier.approvers => {
                    row.approvers.error = Some("Larger amounts take no fewer people than smaller ones.".to_owned());
                }
                Some(_) if of_currency > MOST_A_CURRENCY => {
                    row.currency.error = Some(format!("A currency has at most {MOST_A_CURRENCY} lines."));
                }
                None | Some(_) => {}
            }
            before = Some(tier);
        }
    }

    pub fn errors(&self) -> Vec<FieldError<'_>> {
        let cell = |label, cell: &'_ Cell| cell.error.as_deref().map(|_| label);
        let mut errors = Vec::new();
        for row in &self.rows {
            for (label, of) in [("Currency", &row.currency), ("From", &row.from), ("People", &row.approvers)] {
                if let (Some(label), Some(text)) = (cell(label, of), of.error.as_deref()) {
                    errors.push(FieldError { column: &of.name, label, text });
                }
            }
        }
        if let Some(text) = self.problem.as_deref() {
            errors.push(FieldError { column: "tiers", label: "Lines", text });
        }
        if let Some(text) = self.days_error.as_deref() {
            errors.push(FieldError { column: "approval_expiry_days", label: "Expires after", text });
        }
        errors
    }
}

fn named(currency: &str) -> &str {
    if currency == EVERY_OTHER { "every other currency" } else { currency }
}

/// Reads one line, and says at each of its fields what is wrong.
fn read(row: &mut Row) -> Option<Tier> {
    let currency = row.currency.typed.trim().to_owned();
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code && currency != EVERY_OTHER {
        row.currency.error = Some(format!("Type three capital letters, such as USD, or {EVERY_OTHER} for every other currency."));
    }
    let from = match money::parse(row.from.typed.trim(), is_code.then_some(currency.as_str())) {
        Ok(from) if from.is_sign_negative() && !from.is_zero() => Err("Type 0.00 or more.".to_owned()),
        parsed => parsed,
    };
    let approvers = row.approvers.typed.trim().parse::<i32>().ok().filter(|count| (1..=MOST_APPROVERS).contains(count));
    if approvers.is_none() {
        row.approvers.error = Some(format!("Type a whole number from 1 to {MOST_APPROVERS}."));
    }
    let from = from.map_err(|message| row.from.error = Some(message)).ok()?;
    row.currency.error.is_none().then_some(())?;
    // A negative zero would be written with its sign.
    Some(Tier { currency, from: if from.is_zero() { Decimal::ZERO } else { from }, approvers: approvers? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(rows: &[(&str, &str, &str)]) -> (Option<Vec<Tier>>, Vec<(String, String)>) {
        let mut submission = Submission::default();
        for (number, (currency, from, approvers)) in rows.iter().enumerate() {
            for (stem, typed) in [("currency", currency), ("from", from), ("approvers", approvers)] {
                submission.pairs.push((format!("{stem}_{number}"), (*typed).to_owned()));
            }
        }
        submission.pairs.push(("approval_expiry_days".to_owned(), "30".to_owned()));
        let mut typed = Typed::sent(&submission);
        let tiers = typed.check().map(|(tiers, _)| tiers);
        (tiers, typed.errors().into_iter().map(|error| (error.column.to_owned(), error.text.to_owned())).collect())
    }

    #[test]
    fn each_mistake_is_said_at_its_place() {
        for (rows, column) in [
            (&[("*", "0", "1"), ("usd", "0", "1")][..], "currency_1"),
            (&[("*", "0", "1"), ("JPY", "0.5", "1")], "from_1"),
            (&[("*", "-1", "1")], "from_0"),
            (&[("*", "0", "0")], "approvers_0"),
            (&[("*", "0", "10")], "approvers_0"),
            (&[("*", "5", "1")], "from_0"),
            (&[("*", "0", "1"), ("*", "0.00", "2")], "from_1"),
            (&[("*", "0", "3"), ("*", "100", "2")], "approvers_1"),
            (&[("USD", "0", "1")], "tiers"),
            (&[], "tiers"),
        ] {
            let (tiers, errors) = checked(rows);
            assert!(tiers.is_none(), "{rows:?}");
            assert_eq!(errors.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [column], "{rows:?}");
        }
    }

    #[test]
    fn lines_may_come_in_any_order_and_blank_ones_count_for_nothing() {
        let (tiers, errors) = checked(&[("*", "10000", "2"), ("", " ", ""), ("EUR", "0", "2"), ("*", "-0", "1")]);
        assert!(errors.is_empty(), "{errors:?}");
        let said: Vec<_> = tiers.unwrap_or_default().into_iter().map(|tier| (tier.currency, tier.from, tier.approvers)).collect();
        assert_eq!(said, [("EUR".to_owned(), 0.into(), 2), ("*".to_owned(), 0.into(), 1), ("*".to_owned(), 10_000.into(), 2)]);
    }
}
