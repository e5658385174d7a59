//! Is nothing taken for ours that we did not make: cookies, tokens, ways back?

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::{quick, text};
use crate::{
    auth::{
        csrf::{Binding, Csrf},
        sealed::{Purpose, Sealer},
    },
    pages::{
        local_path::{after_login, local},
        response::Accepted,
    },
    workflows::api_key::is_well_formed,
};

proptest! {
    #![proptest_config(quick())]

    #[test]
    fn a_sealed_value_opens_as_itself_and_broken_not_at_all(content in text(), other in text(), at in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let sealer = Sealer::new(vec![[7; 32]]);
        let sealed = sealer.seal(Purpose::Flash, &content);
        let opened = sealer.unseal(Purpose::Flash, &sealed);
        prop_assert_eq!(opened.as_deref(), Some(content.as_str()));
        prop_assert_eq!(sealer.unseal(Purpose::Device, &sealed), None);
        prop_assert_eq!(sealer.unseal(Purpose::Flash, &other), None);
        let mut bytes = sealed.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(broken) = String::from_utf8(bytes) {
            prop_assert_eq!(sealer.unseal(Purpose::Flash, &broken), None);
        }
    }

    #[test]
    fn a_token_holds_for_whom_it_was_made_and_no_text_is_one(id in any::<u128>(), text in text(), bytes in vec(any::<u8>(), 0..200)) {
        let csrf = Csrf::new(vec![[9; 32]]);
        let (session, other) = (Binding::Session(Uuid::from_u128(id)), Binding::Session(Uuid::from_u128(!id)));
        let token = csrf.token(&session).expect("randomness");
        prop_assert!(csrf.accepts(&session, &token) && !csrf.accepts(&other, &token));
        let masked = csrf.masked_anew(&token).expect("a token");
        prop_assert!(masked != token && csrf.accepts(&session, &masked));
        for forged in [text, hex::encode(&bytes), String::from_utf8_lossy(&bytes).into_owned()] {
            prop_assert!(!csrf.accepts(&session, &forged));
            let masked = csrf.masked_anew(&forged);
            prop_assert!(masked.is_none_or(|masked| !csrf.accepts(&session, &masked)));
        }
    }

    #[test]
    fn a_way_back_never_leads_out(text in text(), path in "[/\\\\a-z:.@#?%\t-]{0,12}") {
        for text in [text, path] {
            if let Some(path) = local(&text) {
                prop_assert_eq!(path, text.as_str());
                let browser = reference(path);
                prop_assert!(browser.starts_with("https://console.example/"), "{}", browser);
            }
            let next = after_login(Some(&text));
            prop_assert!(next == "/" || local(next).is_some());
        }
    }

    #[test]
    fn any_header_is_read_as_what_it_accepts(text in "[a-z*;=,.0-9 -]{0,40}", bytes in vec(0x20_u8..0xff, 0..40)) {
        let mut headers = HeaderMap::new();
        for value in [text.as_bytes(), &bytes] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(ACCEPT_ENCODING, value);
            }
        }
        let accepted = Accepted::by(&headers);
        let named = |name: &str| headers.get_all(ACCEPT_ENCODING).any(|value| value.to_str().is_ok_and(|value| value.contains(name)));
        prop_assert!((!accepted.gzip || named("gzip")) && (!accepted.brotli || named("br")) && (!accepted.zstd || named("zstd")));
    }

    #[test]
    fn no_text_is_an_api_key_by_chance(text in text(), letters in "nxk_[0-9A-Za-z]{52}") {
        prop_assert!(!is_well_formed(&text) && !is_well_formed(&letters));
    }
}

/// Where a browser on one of our pages would go.
fn reference(path: &str) -> String {
    reqwest::Url::parse("https://console.example/").and_then(|base| base.join(path)).map(String::from).unwrap_or_default()
}
