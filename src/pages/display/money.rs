//! How is an amount written: grouped, with the right number of decimals and its currency?

use std::fmt;

use askama::filters::HtmlSafe;
use rust_decimal::Decimal;

use super::count::grouped;
use crate::resource::money::decimals;

/// An amount, or the text the database has where no number fits (NaN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount<'a> {
    Exact(Decimal),
    Odd(&'a str),
}

/// An amount with its currency, ready to be written part by part or, by `Display`, as plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyShown<'a> {
    pub amount: Amount<'a>,
    pub currency: Option<&'a str>,
}

impl<'a> MoneyShown<'a> {
    #[must_use]
    pub fn new(amount: Decimal, currency: Option<&'a str>) -> Self {
        Self { amount: Amount::Exact(amount), currency }
    }

    #[must_use]
    pub fn odd(text: &'a str, currency: Option<&'a str>) -> Self {
        Self { amount: Amount::Odd(text), currency }
    }

    /// The same without its sign, where words beside it say which way it goes.
    #[must_use]
    pub fn unsigned(self) -> Self {
        match self.amount {
            Amount::Exact(amount) => Self { amount: Amount::Exact(amount.abs()), ..self },
            Amount::Odd(_) => self,
        }
    }

    /// The exact value as machines read it, in the `value` attribute.
    #[must_use]
    pub fn value(&self) -> ExactValue<'a> {
        ExactValue(self.amount)
    }

    /// The sign and the whole units: "−31,250".
    #[must_use]
    pub fn major(&self) -> Major<'a> {
        Major(self.amount)
    }

    /// The decimal point and what follows it; nothing for a currency without decimals, unless there is something to hide.
    #[must_use]
    pub fn minor(&self) -> Minor {
        let Amount::Exact(amount) = self.amount else {
            return Minor { fraction: 0, places: 0 };
        };
        let amount = amount.normalize();
        let places = amount.scale().max(self.currency.map_or(2, decimals));
        // A fraction that exists is shown in full, at least as the two decimals the column has.
        let places = if places == 0 { 0 } else { places.max(2) };
        let unit = 10_u128.pow(amount.scale());
        let fraction = amount.mantissa().unsigned_abs() % unit;
        Minor { fraction: fraction * 10_u128.pow(places - amount.scale()), places }
    }
}

impl fmt::Display for MoneyShown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.major(), self.minor())?;
        match self.currency {
            Some(currency) => write!(formatter, " {currency}"),
            None => Ok(()),
        }
    }
}

pub struct ExactValue<'a>(Amount<'a>);

impl fmt::Display for ExactValue<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Amount::Exact(amount) => amount.fmt(formatter),
            Amount::Odd(text) => formatter.write_str(text),
        }
    }
}

pub struct Major<'a>(Amount<'a>);

impl fmt::Display for Major<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Amount::Exact(amount) => {
                if amount.is_sign_negative() && !amount.is_zero() {
                    formatter.write_str("\u{2212}")?;
                }
                grouped(formatter, amount.mantissa().unsigned_abs() / 10_u128.pow(amount.scale()))
            }
            Amount::Odd(text) => formatter.write_str(text),
        }
    }
}

/// The part after the whole units, with its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minor {
    fraction: u128,
    places: u32,
}

impl Minor {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places == 0
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        write!(formatter, ".{:0width$}", self.fraction, width = self.places as usize)
    }
}

/// Digits and a point need no escaping.
impl HtmlSafe for Minor {}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn written(amount: &str, currency: &str) -> String {
        let amount = Decimal::from_str(amount).expect("the test's amount is a number");
        MoneyShown::new(amount, Some(currency)).to_string()
    }

    #[test]
    fn amounts_have_their_currencys_decimals() {
        assert_eq!(written("18450", "GBP"), "18,450.00 GBP");
        assert_eq!(written("-31250.5", "EUR"), "\u{2212}31,250.50 EUR");
        assert_eq!(written("0.01", "USD"), "0.01 USD");
        assert_eq!(written("-0.05", "USD"), "\u{2212}0.05 USD");
        assert_eq!(written("-0.00", "USD"), "0.00 USD");
        assert_eq!(written("4820000.00", "JPY"), "4,820,000 JPY");
        assert_eq!(written("9999999999999.99", "USD"), "9,999,999,999,999.99 USD");
    }

    #[test]
    fn nothing_that_exists_is_hidden() {
        assert_eq!(written("100.5", "JPY"), "100.50 JPY");
        assert_eq!(written("1.2345", "USD"), "1.2345 USD");
        assert_eq!(MoneyShown::odd("NaN", Some("USD")).to_string(), "NaN USD");
        assert_eq!(MoneyShown::new(Decimal::ONE, None).to_string(), "1.00");
    }
}
