//! What is an amount of money, as typed?

use rust_decimal::Decimal;

/// The largest amount that DECIMAL(15,2) holds.
pub const LARGEST: Decimal = Decimal::from_parts(999_999_999_999_999_u64 as u32, (999_999_999_999_999_u64 >> 32) as u32, 0, false, 2);

/// Currencies of ISO 4217 that have no minor unit.
pub const WITHOUT_MINOR_UNIT: &[&str] =
    &["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"];

/// Decimal places that amounts of a currency have.
pub fn decimals(currency: &str) -> u32 {
    if WITHOUT_MINOR_UNIT.contains(&currency) { 0 } else { 2 }
}

/// A plain decimal such as `-1234.50`: digits, at most one point, at most one leading minus.
pub fn plain(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.len() <= 28 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // The usual reading would round what is beyond 28 digits.
    Decimal::from_str_exact(text).ok()
}

/// Reads an amount strictly.
///
/// # Errors
/// What is wrong, as a sentence for the field.
pub fn parse(text: &str, currency: Option<&str>) -> Result<Decimal, String> {
    let Some(amount) = plain(text) else {
        return Err("Type an amount such as 1234.50: digits and a point, no separators and no currency sign.".to_owned());
    };
    let places = currency.map_or(2, decimals);
    if amount.normalize().scale() > places {
        return Err(match (places, currency) {
            (0, Some(currency)) => format!("{currency} has no decimals: type a whole amount."),
            _ => "Amounts have at most two decimals.".to_owned(),
        });
    }
    if amount.abs() > LARGEST {
        return Err("Amounts go up to 9999999999999.99.".to_owned());
    }
    Ok(amount)
}
