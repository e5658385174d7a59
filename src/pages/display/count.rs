//! How is a number of things written, and how sure is it?

use std::fmt;

/// A count, with what is known about it: pages never count further than they must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Exactly(u64),
    /// Counting stopped here: "1,000+".
    AtLeast(u64),
    /// The planner's estimate.
    About(u64),
    /// A search does not count; the pager says whether there is more.
    Unknown,
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exactly(count) => Grouped(count).fmt(formatter),
            Self::AtLeast(count) => write!(formatter, "{}+", Grouped(count)),
            Self::About(count) => write!(formatter, "about {}", Grouped(count)),
            Self::Unknown => formatter.write_str("many"),
        }
    }
}

/// A whole number with a comma at every thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouped<N>(pub N);

/// A whole number, or a template's reference to one: how many references a loop puts before it is askama's affair.
pub trait Whole {
    fn whole(&self) -> i128;
}

impl<N: Whole> Whole for &N {
    fn whole(&self) -> i128 {
        (*self).whole()
    }
}

impl Whole for i64 {
    fn whole(&self) -> i128 {
        i128::from(*self)
    }
}

impl Whole for u64 {
    fn whole(&self) -> i128 {
        i128::from(*self)
    }
}

impl Whole for i128 {
    fn whole(&self) -> i128 {
        *self
    }
}

impl<N: Whole> fmt::Display for Grouped<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.whole();
        if number < 0 {
            formatter.write_str("\u{2212}")?;
        }
        grouped(formatter, number.unsigned_abs())
    }
}

/// Written from the right into a buffer on the stack: money cells come here a thousand times a page.
pub(super) fn grouped(formatter: &mut impl fmt::Write, mut number: u128) -> fmt::Result {
    // 39 digits of a u128 and 12 commas.
    let mut buffer = [b','; 51];
    let mut start = buffer.len();
    let mut digits = 0;
    loop {
        if digits > 0 && digits % 3 == 0 {
            start -= 1;
        }
        start -= 1;
        buffer[start] = b"0123456789"[usize::try_from(number % 10).map_err(|_| fmt::Error)?];
        digits += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    formatter.write_str(std::str::from_utf8(&buffer[start..]).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_say_how_sure_they_are() {
        assert_eq!(Counted::Exactly(1_284).to_string(), "1,284");
        assert_eq!(Counted::AtLeast(1_000).to_string(), "1,000+");
        assert_eq!(Counted::About(1_000_000).to_string(), "about 1,000,000");
    }

    #[test]
    fn every_third_digit_has_its_comma() {
        for (number, written) in [(0_i64, "0"), (999, "999"), (1_000, "1,000"), (100_000, "100,000"), (-2_500, "\u{2212}2,500")] {
            assert_eq!(Grouped(number).to_string(), written);
        }
        assert_eq!(Grouped(i128::MAX).to_string(), "170,141,183,460,469,231,731,687,303,715,884,105,727");
    }
}
