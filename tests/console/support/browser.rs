//! What does a person without scripts see and send?

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Mutex, time::Duration};

use scraper::{Html, Selector};

use super::people::PASSWORD;

/// Keeps cookies, follows nothing by itself.
pub struct Browser {
    client: reqwest::Client,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
    /// The same, where it is no text.
    pub bytes: Vec<u8>,
}

impl Browser {
    pub fn new(base: &str) -> Browser {
        // The console closes what stands idle for 15 seconds; on a busy machine a form could be sent into just that.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(5))
            .build()
            .expect("a client");
        Browser { client, base: base.to_owned(), cookies: Mutex::new(BTreeMap::new()) }
    }

    pub fn address(&self) -> &str {
        &self.base
    }

    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().expect("no test panicked with it").clone()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.expect("the console answers")
    }

    /// `None` where nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.send(self.client.get(format!("{}{path}", self.base))).await
    }

    /// Sends a form as it stands; nothing is added.
    pub async fn post_raw(&self, path: &str, body: Vec<u8>) -> Answer {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.base)
            .body(body);
        self.send(request).await.expect("the console answers")
    }

    /// Sends a form with a token of this session.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/account").await;
        let token = page.value("csrf_token").expect("a page of somebody logged in has a token");
        self.post_with(path, &token, fields).await
    }

    pub async fn post_with(&self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("csrf_token", token).extend_pairs(fields).finish();
        self.post_raw(path, body.into_bytes()).await
    }

    /// As [`Browser::post_with`]; `None` where nobody answers, or nobody to the end.
    pub async fn try_post_with(&self, path: &str, token: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("csrf_token", token).extend_pairs(fields).finish();
        let request = self.client.post(format!("{}{path}", self.base)).header("origin", &self.base);
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    }

    /// As [`Browser::post`], with headers of one's own.
    pub async fn post_saying(&self, path: &str, headers: &[(&'static str, &'static str)], fields: &[(&str, &str)]) -> Answer {
        let token = self.get("/account").await.value("csrf_token").expect("a page of somebody logged in has a token");
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("csrf_token", &token).extend_pairs(fields).finish();
        let mut request = self.client.post(format!("{}{path}", self.base)).header("origin", &self.base);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        self.send(request).await.expect("the console answers")
    }

    pub async fn sign_in(&self, username: &str) {
        let page = self.get("/login").await;
        let token = page.value("csrf_token").expect("the login form has a token");
        let answer = self.post_with("/login", &token, &[("username", username), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{username} signs in: {}", answer.text());
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        let cookies = self.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let response = request.header("cookie", cookies).send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (pair, rest) = cookie.to_str().ok()?.split_once(';').unwrap_or((cookie.to_str().ok()?, ""));
            let (name, value) = pair.split_once('=')?;
            let mut cookies = self.cookies.lock().expect("no test panicked with it");
            if value.is_empty() || rest.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = headers.get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await.ok()?.to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Some(Answer { status, location, headers, body, bytes })
    }
}

thread_local! {
    /// The page last looked into: what a test asks of one, it asks in a row.
    static LOOKED_INTO: RefCell<Option<(String, Rc<Html>)>> = const { RefCell::new(None) };
}

impl Answer {
    pub fn html(&self) -> Rc<Html> {
        LOOKED_INTO.with_borrow_mut(|known| match known {
            Some((body, html)) if *body == self.body => Rc::clone(html),
            _ => {
                let html = Rc::new(Html::parse_document(&self.body));
                *known = Some((self.body.clone(), Rc::clone(&html)));
                html
            }
        })
    }

    /// The value of the first input, textarea or chosen option of a name.
    pub fn value(&self, name: &str) -> Option<String> {
        let html = self.html();
        let input = select(&format!("input[name='{name}'], textarea[name='{name}'], select[name='{name}']"));
        let element = html.select(&input).next()?;
        Some(match element.value().name() {
            "textarea" => element.text().collect::<String>(),
            "select" => element.select(&select("option[selected]")).next()?.value().attr("value")?.to_owned(),
            _ => element.value().attr("value").unwrap_or_default().to_owned(),
        })
    }

    /// The text of everything a selector finds, spaces folded.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.html().select(&select(selector)).map(|element| folded(element.text().collect::<Vec<_>>().join(" "))).collect()
    }

    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        self.html().select(&select(selector)).filter_map(|element| element.value().attr(name).map(str::to_owned)).collect()
    }

    pub fn has(&self, selector: &str) -> bool {
        self.html().select(&select(selector)).next().is_some()
    }

    /// The ids of the list's rows.
    pub fn rows(&self) -> Vec<String> {
        self.attributes("[data-id]", "data-id")
    }

    /// All words of the page.
    pub fn text(&self) -> String {
        folded(self.html().root_element().text().collect::<Vec<_>>().join(" "))
    }
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"))
}

fn folded(text: String) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
