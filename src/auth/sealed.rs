//! Did the console itself put this value into the browser's cookie?

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// What a sealed value is for; a value sealed for one purpose does not open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The random value that stands for somebody not logged in.
    Anonymous,
    /// A browser that has logged in to an account before.
    Device,
    /// The message the next page shows once.
    Flash,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Anonymous => "anonymous",
            Purpose::Device => "device",
            Purpose::Flash => "flash",
        }
    }
}

/// Signs small cookie values; not secret, but not to be made up.
#[derive(Clone)]
pub struct Sealer {
    keys: Vec<[u8; 32]>,
}

impl Sealer {
    /// What the subkeys are derived for.
    pub const LABEL: &'static str = "cookie";

    /// `keys`: newest first, at least one; the first signs, all verify.
    #[must_use]
    pub fn new(keys: Vec<[u8; 32]>) -> Sealer {
        Sealer { keys }
    }

    /// Text that fits a cookie's value: base64url, a dot, base64url.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, content: &str) -> String {
        let seal = self.keys.first().map(|key| authenticate(key, purpose.name(), content.as_bytes())).unwrap_or_default();
        [URL_SAFE_NO_PAD.encode(content), URL_SAFE_NO_PAD.encode(seal)].join(".")
    }

    /// The content, if one of our keys sealed it for this purpose.
    #[must_use]
    pub fn unseal(&self, purpose: Purpose, sealed: &str) -> Option<String> {
        let (content, given) = sealed.split_once('.')?;
        let content = URL_SAFE_NO_PAD.decode(content).ok()?;
        let given = URL_SAFE_NO_PAD.decode(given).ok()?;
        let genuine: bool = self
            .keys
            .iter()
            .fold(Choice::from(0), |found, key| found | authenticate(key, purpose.name(), &content).ct_eq(&given[..]))
            .into();
        if genuine { String::from_utf8(content).ok() } else { None }
    }
}

/// HMAC-SHA256 over purpose and content.
pub(super) fn authenticate(key: &[u8; 32], purpose: &str, content: &[u8]) -> [u8; 32] {
    // HMAC fills a short key up with zeros to the size of a block; done here it cannot fail.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(purpose.as_bytes());
    // Purposes contain no NUL, so purpose and content cannot run into one another.
    mac.update(&[0]);
    mac.update(content);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_sealed_opens_and_nothing_else_does() {
        let sealer = Sealer::new(vec![[1; 32]]);
        let sealed = sealer.seal(Purpose::Flash, "Saved «é»");
        assert_eq!(sealer.unseal(Purpose::Flash, &sealed).as_deref(), Some("Saved «é»"));
        assert_eq!(sealer.unseal(Purpose::Device, &sealed), None);
        for bad in ["", ".", "a.b", &sealed[1..], &[sealed.as_str(), "A"].concat()] {
            assert_eq!(sealer.unseal(Purpose::Flash, bad), None, "{bad}");
        }
        let rotated = Sealer::new(vec![[2; 32], [1; 32]]);
        assert!(rotated.unseal(Purpose::Flash, &sealed).is_some());
        assert!(sealer.unseal(Purpose::Flash, &rotated.seal(Purpose::Flash, "x")).is_none());
    }
}
