//! Does an address given in a request stay within this console?

/// Longer ones are somebody's mistake, or worse.
const LONGEST: usize = 4096;

/// The text itself, if it is an absolute path of ours: never another host's, whatever a browser would
/// make of it.
#[must_use]
pub fn local(text: &str) -> Option<&str> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    // Browsers read a backslash as a slash, and drop tabs and line breaks.
    let is_plain = text.chars().all(|letter| letter.is_ascii_graphic() && letter != '\\');
    (is_path && is_plain && text.len() <= LONGEST).then_some(text)
}

/// Where a login leads: there, or to the dashboard. Signing in must not lead to the login page or out again.
#[must_use]
pub fn after_login(text: Option<&str>) -> &str {
    let path = text.and_then(local).unwrap_or("/");
    let bare = path.split(['?', '#']).next().unwrap_or(path);
    if matches!(bare, "/login" | "/logout" | "/setup") || bare.starts_with("/password/") { "/" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_followed() {
        for good in ["/", "/tables/users?sort=-email", "/tables/users/1#notes", "/a//b"] {
            assert_eq!(local(good), Some(good));
        }
        for bad in
            ["", "//example.com", "/\\example.com", "https://example.com", "javascript:alert(1)", "/a\nb", "\t//x", "/\t/x", "tables", "/é"]
        {
            assert_eq!(local(bad), None, "{bad}");
        }
        assert_eq!(after_login(Some("/login?next=/login")), "/");
        assert_eq!(after_login(Some("/account")), "/account");
        assert_eq!(after_login(None), "/");
    }
}
