//! How does a test drive a real Chromium?

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use serde_json::json;
use tokio::process::{Child, Command};

use super::people::PASSWORD;

const WITHIN: Duration = Duration::from_secs(15);

/// A window of its own; gone with the test.
pub struct Window {
    pub client: Client,
    base: String,
    _driver: Child,
    profile: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scripts {
    On,
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    Desktop,
    Phone,
}

impl Size {
    fn pixels(self) -> (u32, u32) {
        match self {
            Size::Desktop => (1440, 900),
            Size::Phone => (390, 844),
        }
    }
}

/// Opens a window on a console's address.
pub async fn window(base: &str, scripts: Scripts, size: Size) -> Window {
    let port = free_port();
    let driver = Command::new("/usr/bin/chromedriver")
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver is installed");
    let profile = std::env::temp_dir().join(format!("nexus-chromium-{}-{port}", std::process::id()));
    let (width, height) = size.pixels();
    let arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-gpu".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--force-device-scale-factor=1".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--user-data-dir={}", profile.display()),
    ];
    let scripts_allowed = match scripts {
        Scripts::On => 1,
        Scripts::Off => 2,
    };
    let capabilities: serde_json::Map<String, serde_json::Value> = serde_json::from_value(json!({ "goog:chromeOptions": {
        "binary": "/usr/bin/chromium",
        "args": arguments,
        "prefs": { "profile.managed_default_content_settings.javascript": scripts_allowed },
    } }))
    .expect("an object");
    let mut attempts = 0;
    let client = loop {
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        match builder.capabilities(capabilities.clone()).connect(&format!("http://127.0.0.1:{port}")).await {
            Ok(client) => break client,
            Err(_) if attempts < 100 => {
                attempts += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("Chromium does not start: {error}"),
        }
    };
    if size == Size::Phone {
        // A headless window is never narrower than 500 pixels by itself.
        client.set_window_size(width, height).await.expect("a size");
    }
    Window { client, base: base.to_owned(), _driver: driver, profile }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

impl Window {
    pub async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page opens");
    }

    pub async fn sign_in(&self, username: &str) {
        self.open("/login").await;
        self.fill("username", username).await;
        self.fill("password", PASSWORD).await;
        self.press("form button.main").await;
        assert_ne!(self.path().await, "/login", "{username} is signed in");
    }

    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.find(&format!("[name='{name}']:not([type=hidden])")).await;
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it takes text");
    }

    /// Presses something; where that leads to another page, waits until this one is gone.
    pub async fn press(&self, selector: &str) {
        let element = self.find(selector).await;
        let leads_away = match element.tag_name().await.expect("a tag").as_str() {
            "a" => true,
            "button" => element.attr("type").await.expect("an attribute").is_none_or(|kind| kind == "submit"),
            _ => false,
        };
        element.click().await.expect("it can be pressed");
        if leads_away {
            self.until_gone(&element).await;
        }
    }

    /// The element, as soon as the page has it: a script adds some after the page has arrived.
    pub async fn find(&self, selector: &str) -> Element {
        match self.client.wait().at_most(WITHIN).for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error} on {}:\n{}", self.path().await, self.client.source().await.unwrap_or_default()),
        }
    }

    async fn until_gone(&self, element: &Element) {
        let since = Instant::now();
        while element.is_enabled().await.is_ok() {
            assert!(since.elapsed() < WITHIN, "the page stays: {}", self.path().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn text(&self, selector: &str) -> String {
        self.find(selector).await.text().await.expect("its text")
    }

    pub async fn path(&self) -> String {
        self.client.current_url().await.expect("an address").path().to_owned()
    }

    pub async fn keys(&self, keys: &str) {
        let element = self.client.active_element().await.expect("something has the focus");
        element.send_keys(keys).await.expect("it takes keys");
    }

    /// What the page logged as errors: a refused script or style among them.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    pub async fn close(self) {
        let _ = self.client.clone().close().await;
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
