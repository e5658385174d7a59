//! Which values can a column hold, and how do they travel to and from PostgreSQL?

use std::{error::Error, fmt, net::IpAddr, str::FromStr};

use bytes::BytesMut;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use postgres_protocol::types as wire;
use rust_decimal::Decimal;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use uuid::Uuid;

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// The first moment that a `timestamptz` holds, in 4714 BC, and the first that it does not, in 294277.
const EARLIEST: i64 = -211_813_488_000_000_000;
const BEYOND: i64 = 9_223_371_331_200_000_000;

/// One cell of one row, as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    Null,
    Text(String),
    Bool(bool),
    Uuid(Uuid),
    Number(Number),
    Time(Timestamp),
    Address(Address),
    /// The document's own text, as `jsonb` prints it.
    Json(String),
}

/// A `numeric`; existing databases hold ones that no decimal type can.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Number {
    Decimal(Decimal),
    NotANumber,
    Infinite,
    NegativeInfinite,
    /// Beyond 28 digits: kept as a marker, never computed with.
    TooLarge,
}

/// A `timestamptz`: microseconds since 2000-01-01 UTC, PostgreSQL's own count, so that
/// `infinity` and years past chrono's range survive a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// An `inet`: an address, and a network's length where it is not a single host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Timestamp {
    pub const INFINITY: Timestamp = Timestamp(i64::MAX);
    pub const NEGATIVE_INFINITY: Timestamp = Timestamp(i64::MIN);
    /// 2000-01-01 UTC.
    pub const POSTGRES_EPOCH: Timestamp = Timestamp(0);

    /// `None` for infinity and for days that chrono cannot hold in every zone.
    pub fn moment(self) -> Option<DateTime<Utc>> {
        if self == Self::INFINITY || self == Self::NEGATIVE_INFINITY {
            return None;
        }
        let moment = DateTime::from_timestamp_micros(self.0.checked_add(POSTGRES_EPOCH)?)?;
        (moment < DateTime::<Utc>::MAX_UTC - TimeDelta::days(1)).then_some(moment)
    }

    /// Year, month, day and microseconds of the day in UTC, of any moment but the infinities: the calendar goes on
    /// where chrono's ends, and repeats itself every 400 years.
    fn civil(self) -> (i64, u32, u32, i64) {
        const DAY: i64 = 86_400_000_000;
        const ERA: i64 = 146_097;
        // Days since 0000-03-01, so that a leap day ends its year.
        let days = self.0.div_euclid(DAY) + 730_425;
        let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, u32::try_from(month).unwrap_or_default(), u32::try_from(day).unwrap_or_default(), self.0.rem_euclid(DAY))
    }

    /// Microseconds since 2000-01-01 UTC; the extremes are the infinities.
    pub fn microseconds(self) -> i64 {
        self.0
    }

    /// `None` for what PostgreSQL itself would refuse to read.
    pub fn from_microseconds(microseconds: i64) -> Option<Timestamp> {
        let is_infinity = matches!(microseconds, i64::MIN | i64::MAX);
        (is_infinity || (EARLIEST..BEYOND).contains(&microseconds)).then_some(Timestamp(microseconds))
    }

    /// PostgreSQL ends in the year 294276; what lies outside its range is not storable.
    pub fn is_storable(moment: DateTime<Utc>) -> bool {
        use chrono::Datelike;
        (-4712..294_276).contains(&moment.year())
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Timestamp(moment.timestamp_micros().saturating_sub(POSTGRES_EPOCH))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; `infinity` and `-infinity` as PostgreSQL writes them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.moment()) {
            (Self::INFINITY, _) => formatter.write_str("infinity"),
            (Self::NEGATIVE_INFINITY, _) => formatter.write_str("-infinity"),
            (_, Some(moment)) => formatter.write_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            (far, None) => {
                let (year, month, day, micros) = far.civil();
                let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
                write!(formatter, "+{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
                if fraction != 0 { write!(formatter, ".{fraction:06}Z") } else { formatter.write_str("Z") }
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Decimal(decimal) => fmt::Display::fmt(decimal, formatter),
            Number::NotANumber => formatter.write_str("NaN"),
            Number::Infinite => formatter.write_str("Infinity"),
            Number::NegativeInfinite => formatter.write_str("-Infinity"),
            Number::TooLarge => formatter.write_str("beyond 28 digits"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.address)?;
        let host = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix == host { Ok(()) } else { write!(formatter, "/{}", self.prefix) }
    }
}

/// Neither an address nor a network in CIDR notation.
#[derive(Debug, thiserror::Error)]
#[error("not an IP address")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (host, prefix) = match text.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix.parse::<u8>().map_err(|_| NotAnAddress)?)),
            None => (text, None),
        };
        let address: IpAddr = host.parse().map_err(|_| NotAnAddress)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        match prefix.unwrap_or(most) {
            prefix if prefix <= most => Ok(Address { address, prefix }),
            _ => Err(NotAnAddress),
        }
    }
}

impl fmt::Display for Value {
    /// The value as an export writes it: plain, unlocalised, empty for NULL.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Text(text) | Value::Json(text) => formatter.write_str(text),
            Value::Bool(truth) => write!(formatter, "{truth}"),
            Value::Uuid(uuid) => write!(formatter, "{uuid}"),
            Value::Number(number) => write!(formatter, "{number}"),
            Value::Time(time) => write!(formatter, "{time}"),
            Value::Address(address) => write!(formatter, "{address}"),
        }
    }
}

impl Value {
    /// The type a parameter has in a statement that does not say it. No read compares with NULL by `=`.
    pub fn sql_type(&self) -> Type {
        match self {
            Value::Null | Value::Text(_) => Type::TEXT,
            Value::Bool(_) => Type::BOOL,
            Value::Uuid(_) => Type::UUID,
            Value::Number(_) => Type::NUMERIC,
            Value::Time(_) => Type::TIMESTAMPTZ,
            Value::Address(_) => Type::INET,
            Value::Json(_) => Type::JSONB,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_uuid(&self) -> Option<Uuid> {
        match self {
            Value::Uuid(uuid) => Some(*uuid),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Number(Number::Decimal(decimal)) => Some(*decimal),
            _ => None,
        }
    }

    pub fn as_time(&self) -> Option<Timestamp> {
        match self {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }
}

type Failure = Box<dyn Error + Sync + Send>;

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(match *kind {
            Type::BOOL => Value::Bool(wire::bool_from_sql(raw)?),
            Type::UUID => Value::Uuid(Uuid::from_slice(raw)?),
            Type::NUMERIC => Value::Number(number(kind, raw)?),
            Type::TIMESTAMPTZ => Value::Time(Timestamp(wire::timestamp_from_sql(raw)?)),
            Type::INET => {
                let inet = wire::inet_from_sql(raw)?;
                Value::Address(Address { address: inet.addr(), prefix: inet.netmask() })
            }
            Type::JSONB => match raw.split_first() {
                Some((1, text)) => Value::Json(std::str::from_utf8(text)?.to_owned()),
                _ => return Err("unknown version of jsonb".into()),
            },
            _ => Value::Text(wire::text_from_sql(raw)?.to_owned()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Value::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::BOOL
                | Type::UUID
                | Type::NUMERIC
                | Type::TIMESTAMPTZ
                | Type::INET
                | Type::JSONB
                | Type::TEXT
                | Type::VARCHAR
                | Type::BPCHAR
                | Type::NAME
        )
    }
}

const NOT_A_NUMBER: u16 = 0xC000;
const INFINITE: u16 = 0xD000;
const NEGATIVE_INFINITE: u16 = 0xF000;

/// No digits, no weight, the sign, no scale.
fn odd_number(sign: u16) -> [u8; 8] {
    let [high, low] = sign.to_be_bytes();
    [0, 0, 0, 0, high, low, 0, 0]
}

/// `numeric` on the wire: digits, weight, sign, scale, each two bytes; the sign tells the oddities.
fn number(kind: &Type, raw: &[u8]) -> Result<Number, Failure> {
    let sign = raw.get(4..6).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    Ok(match sign {
        Some(NOT_A_NUMBER) => Number::NotANumber,
        Some(INFINITE) => Number::Infinite,
        Some(NEGATIVE_INFINITE) => Number::NegativeInfinite,
        Some(_) => Decimal::from_sql(kind, raw).map_or(Number::TooLarge, Number::Decimal),
        None => return Err("numeric shorter than its head".into()),
    })
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Text(text) => wire::text_to_sql(text, out),
            Value::Bool(truth) => wire::bool_to_sql(*truth, out),
            Value::Uuid(uuid) => wire::uuid_to_sql(*uuid.as_bytes(), out),
            Value::Number(Number::Decimal(decimal)) => return decimal.to_sql(kind, out),
            Value::Number(Number::NotANumber) => out.extend_from_slice(&odd_number(NOT_A_NUMBER)),
            Value::Number(Number::Infinite) => out.extend_from_slice(&odd_number(INFINITE)),
            Value::Number(Number::NegativeInfinite) => out.extend_from_slice(&odd_number(NEGATIVE_INFINITE)),
            Value::Number(Number::TooLarge) => return Err(format!("{} cannot be written", Number::TooLarge).into()),
            Value::Time(Timestamp(micros)) => wire::timestamp_to_sql(*micros, out),
            Value::Address(address) => wire::inet_to_sql(address.address, address.prefix, out),
            Value::Json(text) => {
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        <Value as FromSql>::accepts(kind)
    }

    tokio_postgres::types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_goes_on_where_another_ends() {
        // As PostgreSQL itself writes the last moment it has.
        assert_eq!(Timestamp(BEYOND - 1).to_string(), "+294276-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp(BEYOND - 1_000_000).to_string(), "+294276-12-31T23:59:59Z");
        for day in ["-4712-01-01", "0000-02-29", "1900-03-01", "1999-12-31", "2000-02-29", "2024-12-31", "9999-12-31"] {
            let moment: DateTime<Utc> = format!("{day}T01:02:03.000004Z").parse().expect("a moment");
            let (year, month, date, micros) = Timestamp::from(moment).civil();
            assert_eq!(format!("{year:04}-{month:02}-{date:02}"), day);
            assert_eq!(micros, 3_723_000_004);
        }
    }
}
