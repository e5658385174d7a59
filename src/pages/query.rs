//! What does an address say after its question mark, read strictly?

use actix_web::HttpRequest;
use percent_encoding::percent_decode;

use crate::{error::PageError, resource::request::BadQuery};

/// More parameters than any page has.
const MOST: usize = 500;

/// Decodes the query of a request.
///
/// # Errors
/// `BadRequest` for what no browser sends: a broken escape, bytes that are no UTF-8, a NUL.
pub fn pairs(request: &HttpRequest) -> Result<Vec<(String, String)>, PageError> {
    decode(request.query_string()).map_err(PageError::from)
}

/// The same, for pages that name the wrong parameter themselves.
///
/// # Errors
/// The parameter that cannot be read.
pub fn decode(query: &str) -> Result<Vec<(String, String)>, BadQuery> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    if parts.clone().count() > MOST {
        return Err(garbled("the query", "has too many parameters."));
    }
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = text(name).map_err(|problem| garbled(name, problem))?;
            let value = text(value).map_err(|problem| garbled(&name, problem))?;
            Ok((name, value))
        })
        .collect()
}

fn garbled(parameter: &str, problem: &str) -> BadQuery {
    BadQuery { parameter: parameter.to_owned(), problem: problem.to_owned() }
}

fn text(encoded: &str) -> Result<String, &'static str> {
    let bytes = encoded.as_bytes();
    let is_escape =
        |at: usize| matches!(bytes.get(at + 1..at + 3), Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !is_escape(at)) {
        return Err("holds a broken escape: a percent sign is written %25.");
    }
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8().map_err(|_| "is not UTF-8.")?;
    if decoded.contains('\0') {
        return Err("holds a character that no value can have.");
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_is_read() {
        let pairs = decode("q=a+b%26c&status=pending&status=failed&empty=&&flag").expect("a sound query");
        let expected = [("q", "a b&c"), ("status", "pending"), ("status", "failed"), ("empty", ""), ("flag", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(decode("q=%C3%A9").expect("a sound query")[0].1, "é");
    }

    #[test]
    fn what_no_browser_sends_is_refused_by_name() {
        for query in ["q=%zz", "q=%", "q=%2", "q=%ff", "q=a%00b"] {
            assert_eq!(decode(query).expect_err(query).parameter, "q");
        }
        decode(&"a=b&".repeat(501)).expect_err("too many");
    }
}
