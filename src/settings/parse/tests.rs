//! Is every wrong value refused in one line that keeps secrets to itself?

use std::ffi::OsString;

use super::{Options, SettingError, settings};
use crate::settings::{Database, PublicUrl, Scheme};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn with(change: impl FnOnce(&mut Options)) -> Result<crate::settings::Settings, SettingError> {
    let mut options = Options { data_dir: Some(OsString::from("/tmp/nexus")), ..Options::default() };
    change(&mut options);
    settings(options)
}

fn line(change: impl FnOnce(&mut Options)) -> String {
    with(change).expect_err("must be refused").to_string()
}

#[test]
fn nothing_set_means_the_embedded_database_on_loopback() {
    let settings = with(|_| {}).expect("defaults");
    assert!(matches!(settings.database, Database::Embedded));
    assert_eq!(settings.bind.to_string(), "127.0.0.1:8080");
}

#[test]
fn every_wrong_value_names_its_variable_in_one_line() {
    let lines = [
        ("NEXUS_BIND", line(|o| o.bind = Some("8080".into()))),
        ("NEXUS_BIND", line(|o| o.bind = Some("127.0.0.1:99999".into()))),
        ("NEXUS_DATA_DIR", line(|o| o.data_dir = Some("/tmp/$(id)".into()))),
        ("NEXUS_SECRET_KEY", line(|o| o.secret_key = Some("short".into()))),
        ("NEXUS_SECRET_KEY", line(|o| o.database_url = Some("postgres://u@h/d".into()))),
        ("NEXUS_AUDIT_KEY", line(|o| o.audit_key = Some("zz".repeat(32).into()))),
        ("NEXUS_AUDIT_KEY", line(|o| o.audit_key = Some(format!("{KEY},").into()))),
        ("NEXUS_AUDIT_MAIL", line(|o| o.audit_mail = Some("audit@example.com".into()))),
        ("NEXUS_PUBLIC_URL", line(|o| o.public_url = Some("console.example.com".into()))),
        ("NEXUS_PUBLIC_URL", line(|o| o.public_url = Some("https://example.com/console".into()))),
        ("NEXUS_ENVIRONMENT", line(|o| o.environment = Some("x".repeat(41).into()))),
        ("NEXUS_SMTP_URL", line(|o| o.smtp_url = Some("http://mail".into()))),
        ("NEXUS_LOG_DIR", line(|o| o.log_dir = Some("/dev/null/log".into()))),
        ("NEXUS_DEMO_PASSWORD", line(|o| o.demo_password = Some("short".into()))),
        ("DATABASE_URL", line(|o| o.database_url = Some("".into()))),
        ("DATABASE_URL", line(|o| o.database_migration_url = Some("postgres://u@h/d".into()))),
    ];
    for (variable, line) in lines {
        assert!(line.starts_with(&format!("{variable}: read ")), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}

#[test]
fn no_secret_is_repeated() {
    let lines = [
        line(|o| o.secret_key = Some("hunter2hunter2".into())),
        line(|o| o.audit_key = Some("hunter2".into())),
        line(|o| o.smtp_url = Some("imap://me:hunter2@mail".into())),
        line(|o| o.public_url = Some("https://me:hunter2@host".into())),
        line(|o| o.demo_password = Some("hunter2".into())),
        line(|o| o.database_url = Some("mysql://me:hunter2@host/db".into())),
        line(|o| o.database_url = Some("postgres://me:hunter2@host:port/db".into())),
        line(|o| o.database_url = Some("postgres://me:hunter2@host/db?sslmode=yes".into())),
    ];
    for line in lines {
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn several_keys_are_taken_newest_first() {
    let second = KEY.replace("00", "01");
    let settings = with(|o| o.secret_key = Some(format!("{KEY},{second}").into())).expect("two keys");
    assert!(settings.secret_key.expect("kept").reveal().starts_with(KEY));
    let settings = with(|o| o.audit_key = Some(format!("{KEY},{second}").into())).expect("two keys");
    assert!(settings.audit_key.expect("kept").reveal().ends_with(&second));
}

#[test]
fn checkpoints_are_mailed_where_there_is_a_server_and_an_address() {
    let mailed = |address: &str| {
        with(|o| (o.smtp_url, o.audit_mail) = (Some("smtp://relay".into()), Some(address.into()))).map(|settings| settings.audit_mail)
    };
    assert_eq!(mailed("audit@example.com"), Ok(Some("audit@example.com".to_owned())));
    assert!(mailed("nobody").expect_err("no address").to_string().starts_with("NEXUS_AUDIT_MAIL: read \"nobody\""));
}

#[test]
fn a_public_url_is_kept_as_browsers_spell_its_origin() {
    let settings = with(|o| o.public_url = Some("https://Console.Example.com:443/".into())).expect("a URL");
    let expected = PublicUrl { scheme: Scheme::Https, origin: "https://console.example.com".into() };
    assert_eq!(settings.public_url, Some(expected));
}
