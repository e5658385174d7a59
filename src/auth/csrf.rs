//! Was this form given out by the console, to the one who sends it?
//!
//! A token belongs to a binding: the session, or before login a random value in a signed cookie
//! (double submit). Nothing is stored: the secret is an HMAC over the binding. In every page it is
//! masked anew with random bytes, because pages are compressed and a repeated secret beside text an
//! attacker chooses could be guessed from the page's length (BREACH).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

use super::sealed::authenticate;

const SECRET_LENGTH: usize = 32;
const RANDOM_LENGTH: usize = 18;

#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness(#[from] getrandom::Error);

/// Whom a token was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    Session(Uuid),
    /// Somebody not logged in, known by the random value in their cookie.
    Anonymous(String),
}

impl Binding {
    /// A random value for a browser that has none yet.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random() -> Result<String, NoRandomness> {
        let mut random = [0; RANDOM_LENGTH];
        getrandom::fill(&mut random)?;
        Ok(URL_SAFE_NO_PAD.encode(random))
    }
}

/// Makes and checks tokens; the first key makes, all of them check.
#[derive(Clone)]
pub struct Csrf {
    keys: Vec<[u8; 32]>,
}

impl Csrf {
    /// What the subkeys are derived for.
    pub const LABEL: &'static str = "csrf";

    /// `keys`: newest first, at least one.
    #[must_use]
    pub fn new(keys: Vec<[u8; 32]>) -> Self {
        Self { keys }
    }

    /// A token for one page.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn token(&self, binding: &Binding) -> Result<String, NoRandomness> {
        let mut token = [0; SECRET_LENGTH * 2];
        let (pad, masked) = token.split_at_mut(SECRET_LENGTH);
        getrandom::fill(pad).map_err(NoRandomness)?;
        let secret = self.keys.first().map_or([0; SECRET_LENGTH], |key| secret(key, binding));
        for ((out, pad), secret) in masked.iter_mut().zip(pad.iter()).zip(secret) {
            *out = pad ^ secret;
        }
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// The same token in other bytes, unchecked: for a page that cannot know whom it was made for.
    #[must_use]
    pub fn masked_anew(&self, token: &str) -> Option<String> {
        let mut decoded = [0; SECRET_LENGTH * 2];
        let Ok(SECRET_TWICE) = URL_SAFE_NO_PAD.decode_slice(token, &mut decoded) else { return None };
        let mut pad = [0; SECRET_LENGTH];
        getrandom::fill(&mut pad).ok()?;
        for half in decoded.chunks_exact_mut(SECRET_LENGTH) {
            for (out, pad) in half.iter_mut().zip(pad) {
                *out ^= pad;
            }
        }
        Some(URL_SAFE_NO_PAD.encode(decoded))
    }

    /// Whether `token` was made for `binding`, in a time that does not depend on where it differs.
    #[must_use]
    pub fn accepts(&self, binding: &Binding, token: &str) -> bool {
        let mut decoded = [0; SECRET_LENGTH * 2];
        // Read into room for exactly one token: a longer text fails without being decoded.
        let Ok(SECRET_TWICE) = URL_SAFE_NO_PAD.decode_slice(token, &mut decoded) else {
            return false;
        };
        let (pad, masked) = decoded.split_at(SECRET_LENGTH);
        let mut given = [0; SECRET_LENGTH];
        for ((out, pad), masked) in given.iter_mut().zip(pad).zip(masked) {
            *out = pad ^ masked;
        }
        self.keys.iter().fold(Choice::from(0), |found, key| found | secret(key, binding).ct_eq(&given)).into()
    }
}

const SECRET_TWICE: usize = SECRET_LENGTH * 2;

fn secret(key: &[u8; 32], binding: &Binding) -> [u8; SECRET_LENGTH] {
    match binding {
        Binding::Session(id) => authenticate(key, "session", id.as_bytes()),
        Binding::Anonymous(random) => authenticate(key, "anonymous", random.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csrf(keys: &[u8]) -> Csrf {
        Csrf::new(keys.iter().map(|byte| [*byte; 32]).collect())
    }

    #[test]
    fn a_token_differs_in_every_page_and_holds_for_its_session_alone() {
        let (csrf, session) = (csrf(&[1]), Binding::Session(Uuid::from_u128(7)));
        let (one, two) = (csrf.token(&session).expect("token"), csrf.token(&session).expect("token"));
        assert_ne!(one, two);
        assert!(csrf.accepts(&session, &one) && csrf.accepts(&session, &two));
        assert!(!csrf.accepts(&Binding::Session(Uuid::from_u128(8)), &one));
        assert!(!csrf.accepts(&Binding::Anonymous("x".to_owned()), &one));
    }

    #[test]
    fn anything_else_is_refused() {
        let (csrf, session) = (csrf(&[1]), Binding::Session(Uuid::from_u128(7)));
        let token = csrf.token(&session).expect("token");
        let longer = [token.as_str(), "AAAA"].concat();
        let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
        for bad in ["", "k3f1", "é", &token[1..], &longer, &zeros, "\0"] {
            assert!(!csrf.accepts(&session, bad), "{bad}");
        }
    }

    #[test]
    fn an_older_key_still_checks_but_no_longer_makes() {
        let session = Binding::Session(Uuid::from_u128(7));
        let old = csrf(&[1]).token(&session).expect("token");
        let rotated = csrf(&[2, 1]);
        assert!(rotated.accepts(&session, &old));
        assert!(!csrf(&[1]).accepts(&session, &rotated.token(&session).expect("token")));
    }
}
