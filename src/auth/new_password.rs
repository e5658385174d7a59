//! May this become somebody's password?

use crate::auth::password::LONGEST_IN_BYTES;

/// Counted in characters, as whoever types it counts.
pub const SHORTEST: usize = 12;

/// The commonest passwords of twelve characters and more, and the words that others are built from.
const COMMONEST: &[&str] = &[
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789123",
    "123123123123",
    "111111111111",
    "000000000000",
    "aaaaaaaaaaaa",
    "abcdefghijkl",
    "abcdefghijklmnop",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopas",
    "qwertyuiopasdfgh",
    "qwerty123456",
    "qwertyqwerty",
    "qwerty12345678",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "1qaz2wsx3edc4rfv",
    "q1w2e3r4t5y6",
    "zaq12wsxcde3",
    "asdfghjkl123",
    "asdfasdfasdf",
    "zxcvbnm12345",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "password2024",
    "password2025",
    "password2026",
    "passw0rd1234",
    "p@ssw0rd1234",
    "p@ssword1234",
    "administrator",
    "administrator1",
    "admin1234567",
    "admin12345678",
    "adminadminadmin",
    "administrator123",
    "changeme1234",
    "changemenow1",
    "welcome12345",
    "welcome123456",
    "letmein12345",
    "letmeinletmein",
    "iloveyou1234",
    "iloveyouiloveyou",
    "trustno1trustno1",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "nexusnexusnexus",
    "nexusconsole",
    "nexus-console",
    "nexusplatform",
    "nexus platform",
    "nexus123456789",
    "summer202420",
    "monkeymonkey",
    "dragondragon",
    "footballfootball",
    "baseballbaseball",
    "sunshine1234",
    "princess1234",
    "superman1234",
    "unknownunknown",
    "computer1234",
    "internet1234",
    "secretsecret",
    "secret123456",
    "supersecret1",
    "default12345",
    "temporary123",
    "testtesttest",
    "test12345678",
];

/// Why a password was not accepted; each is a sentence for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    #[error("Enter a new password")]
    Missing,
    #[error("The password must have at least 12 characters")]
    TooShort,
    #[error("The password must not be longer than 1,024 bytes")]
    TooLong,
    #[error("The password must not contain the character NUL")]
    HasNul,
    #[error("The password must not be the user name or the email address")]
    OwnName,
    #[error("This is one of the passwords that are tried first: choose another one")]
    Common,
    #[error("The two passwords are not the same")]
    Mismatch,
}

/// Length counts, composition does not: no rule about digits or signs, as NIST SP 800-63B advises.
///
/// # Errors
/// The first reason against it.
pub fn check(password: &str, username: &str, email: &str) -> Result<(), Unacceptable> {
    if password.is_empty() {
        return Err(Unacceptable::Missing);
    }
    if password.len() > LONGEST_IN_BYTES {
        return Err(Unacceptable::TooLong);
    }
    if password.contains('\0') {
        return Err(Unacceptable::HasNul);
    }
    if password.chars().count() < SHORTEST {
        return Err(Unacceptable::TooShort);
    }
    let folded = password.trim().to_lowercase();
    if [username, email].iter().any(|name| !name.is_empty() && folded == name.trim().to_lowercase()) {
        return Err(Unacceptable::OwnName);
    }
    if COMMONEST.contains(&folded.as_str()) || is_one_character(&folded) {
        return Err(Unacceptable::Common);
    }
    Ok(())
}

/// As [`check`], for the forms that ask for it twice.
///
/// # Errors
/// The first reason against it.
pub fn check_twice(password: &str, again: &str, username: &str, email: &str) -> Result<(), Unacceptable> {
    check(password, username, email)?;
    if password == again { Ok(()) } else { Err(Unacceptable::Mismatch) }
}

fn is_one_character(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| characters.all(|other| other == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_is_given() {
        let check = |password: &str| check(password, "ines.okafor.long", "ines.okafor@example.com");
        assert_eq!(check(""), Err(Unacceptable::Missing));
        assert_eq!(check("short"), Err(Unacceptable::TooShort));
        assert_eq!(check(&"é".repeat(513)), Err(Unacceptable::TooLong));
        assert_eq!(check("with a nul \0 inside"), Err(Unacceptable::HasNul));
        assert_eq!(check("Ines.Okafor.Long"), Err(Unacceptable::OwnName));
        assert_eq!(check("ines.okafor@EXAMPLE.com"), Err(Unacceptable::OwnName));
        assert_eq!(check("Password1234"), Err(Unacceptable::Common));
        assert_eq!(check("zzzzzzzzzzzzzz"), Err(Unacceptable::Common));
        assert_eq!(check("zwölf Zeichn"), Ok(()));
        assert_eq!(check_twice("zwölf Zeichn", "zwölf zeichn", "", ""), Err(Unacceptable::Mismatch));
    }
}
