//! How does a console on a server of the test's own stand, and how does a test wait for what it does?

use std::time::{Duration, Instant};

use tokio::task::block_in_place;

use super::server::Server;
use crate::{
    running::{DataDir, PATIENCE, Running},
    support::{Answer, Browser},
};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A console on a [`Server`], reached by whatever URL the test likes.
pub struct Site {
    pub console: Running,
    data: DataDir,
    url: String,
    owner: String,
}

impl Site {
    /// `url`: whom pages are served as, and by which way.
    pub fn open(server: &Server, url: &str) -> Site {
        let (data, owner) = (DataDir::new(), server.url("nexus_owner"));
        let console = block_in_place(|| {
            let console = Running::start(program(&data, url, &owner, &["serve"]));
            console.until_ready();
            console
        });
        Site { console, data, url: url.to_owned(), owner }
    }

    pub async fn signed_in(&self, username: &str) -> Browser {
        let browser = Browser::new(&format!("http://127.0.0.1:{}", self.console.port()));
        browser.sign_in(username).await;
        browser
    }

    /// What `doctor` prints about the same database.
    pub fn doctor(&self) -> String {
        let output = block_in_place(|| program(&self.data, &self.url, &self.owner, &["doctor"]).output().expect("it runs"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn until_ready(&self) {
        block_in_place(|| self.console.until_ready());
    }
}

fn program(data: &DataDir, url: &str, owner: &str, arguments: &[&str]) -> std::process::Command {
    let mut command = data.program(arguments);
    command.env("DATABASE_URL", url).env("DATABASE_MIGRATION_URL", owner).env("NEXUS_SECRET_KEY", KEY);
    command
}

/// Asks until the answer is as it should be, and gives it.
pub async fn until(what: &str, browser: &Browser, path: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
    let since = Instant::now();
    loop {
        let answer = browser.get(path).await;
        if is_so(&answer) {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain until {what}: {} {}", answer.status, answer.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Pages are answered again: one behind the other, so that every connection has its turn.
pub async fn until_served(browser: &Browser) {
    for _ in 0..8 {
        until("pages are served again", browser, "/tables/accounts", |answer| answer.status == 200).await;
    }
}

/// A page that says it is a matter of time, when to come back, and nothing of the database's own words.
pub fn assert_passing(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let after: u64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&after), "{after}");
    let text = answer.text();
    assert!(text.contains(words), "{words:?} is not in {text}");
    for detail in ["FATAL", "ERROR", "nexus_app", "pg_", "SQL", "connection slots", "postgres"] {
        assert!(!text.contains(detail), "{detail} is in {text}");
    }
}

/// The form that a page keeps, as a click on its button sends it, without its token.
pub fn kept(answer: &Answer) -> (String, Vec<(String, String)>) {
    let action = answer.attributes(".oops form", "action");
    let fields = crate::forms::filled(answer);
    assert!(!action.is_empty() && !fields.is_empty(), "what was typed is kept: {}", answer.text());
    (action[0].clone(), fields)
}

/// Presses "Send it again".
pub async fn send_again(browser: &Browser, page: &Answer) -> Answer {
    let (action, fields) = kept(page);
    let token = page.value("csrf_token").expect("a token");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_with(&action, &token, &fields).await
}
