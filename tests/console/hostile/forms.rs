//! Does any form that anybody is offered break over any kind of value in any of its fields?
//!
//! The forms are those that stand on the pages: every address of [`ROUTES`] is opened by three roles, and what is found
//! there is sent as it stands but for one field. For an administrator a field meets one value of each kind; for the
//! others, who come to the same handlers, of three kinds. What `tables` tries with every value, the forms of records,
//! meets two kinds more here, and what `lists` does, the forms of lists, one. Which kinds, and which of a kind, turns
//! from field to field; a form of the same shape is not sent twice by the same role.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use scraper::{ElementRef, Selector};

use super::{
    super::{
        runs::work::preview_of,
        support::{Answer, Browser, Console, console, people, routes, stock, stocked_database},
    },
    Fields, body, faults, stands,
    values::{escaped, some_kinds},
};

/// How often a form is sent again that met another at a row.
const TRIES: usize = 20;

/// A form as it stands on a page.
#[derive(Debug, Clone)]
struct Form {
    posts: bool,
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// Forms of one shape do the same to different rows.
    fn shape(&self) -> String {
        let names: BTreeSet<&str> = self.fields.iter().map(|field| field.0.as_str()).collect();
        let parts: Vec<&str> =
            self.action.split('?').next().unwrap_or_default().split('/').map(|part| if part.len() == 36 { "{id}" } else { part }).collect();
        // Selections and queues carry a field a row; that they are many makes no other form.
        format!("{} {} {names:?}", self.posts, parts.join("/"))
    }

    /// How many kinds of values each of its fields meets.
    fn kinds(&self, username: &str) -> usize {
        let parts = self.action.split('/').count();
        let is_record = self.action.starts_with("/tables/") && (parts == 3 || self.action.len() > 36 && parts == 4);
        match (self.posts, is_record && !self.action.ends_with("/selected"), username) {
            (false, _, _) => 1,
            (true, true, _) => 2,
            (true, false, "admin") => usize::MAX,
            (true, false, _) => 3,
        }
    }
}

fn forms(page: &Answer) -> Vec<Form> {
    let html = page.html();
    let find = |selector: &str| Selector::parse(selector).expect("a selector");
    let read = |form: ElementRef<'_>| {
        let mut fields: Vec<(String, String)> = Vec::new();
        for field in form.select(&find("input[name], textarea[name], select[name], button[name]")) {
            let name = field.value().attr("name").unwrap_or_default();
            if name == "csrf_token" || name.is_empty() || fields.iter().any(|known| known.0 == name) {
                continue;
            }
            let value = match field.value().name() {
                "textarea" => field.text().collect::<String>().trim_start_matches('\n').to_owned(),
                "select" => {
                    let chosen = field.select(&find("option[selected]")).next().or_else(|| field.select(&find("option")).next());
                    chosen.and_then(|option| option.value().attr("value")).unwrap_or_default().to_owned()
                }
                _ => field.value().attr("value").unwrap_or_default().to_owned(),
            };
            fields.push((name.to_owned(), value));
        }
        Form {
            posts: form.value().attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
            action: form.value().attr("action").unwrap_or_default().to_owned(),
            fields,
        }
    };
    html.select(&find("form[action]")).map(read).collect()
}

struct Sender<'a> {
    console: &'a Console,
    username: &'a str,
    browser: Browser,
    token: String,
    wrong: Vec<String>,
    sent: usize,
}

impl<'a> Sender<'a> {
    async fn new(console: &'a Console, username: &'a str) -> Sender<'a> {
        let browser = console.signed_in(username).await;
        let token = browser.get("/account").await.value("csrf_token").expect("a token");
        Sender { console, username, browser, token, wrong: Vec::new(), sent: 0 }
    }

    /// Whatever a form did to whoever sends it: they are there again for the next one.
    async fn again(&mut self) {
        let owner = self.console.database.as_owner().await;
        for (username, role, _) in people::PEOPLE {
            let restored =
                "UPDATE users SET is_active = true, role = $2 WHERE username = $1 AND (is_active, role) IS DISTINCT FROM (true, $2)";
            owner.execute(restored, &[&username, &role]).await.expect("as it was");
        }
        self.browser = self.console.signed_in(self.username).await;
        self.token = self.browser.get("/account").await.value("csrf_token").expect("a token");
    }

    async fn send(&mut self, form: &Form, what: &str, fields: &Fields) {
        let Some(mut answer) = self.answer(form, fields).await else { return };
        // The other half of the forms is sent at the same time, and meets these at a row now and then.
        for _ in 0..TRIES {
            if answer.status != 503 || !answer.text().contains("Somebody else is changing this at the same moment") {
                break;
            }
            let Some(again) = self.answer(form, fields).await else { return };
            answer = again;
        }
        self.sent += 1;
        let is_out = answer.location.as_deref().is_some_and(|to| to.starts_with("/login")) || answer.body.contains("action=\"/login\"");
        if is_out {
            self.again().await;
        }
        let said = faults(&answer).into_iter().map(|fault| format!("{} {} {what}: {fault}", self.username, form.action));
        self.wrong.extend(said);
    }

    /// `None` for what fits no address: that is sent by posts alone.
    async fn answer(&self, form: &Form, fields: &Fields) -> Option<Answer> {
        if form.posts {
            return Some(self.browser.post_raw(&form.action, body(&self.token, fields)).await);
        }
        let pairs: Option<Vec<String>> =
            fields.iter().map(|(name, value)| Some(format!("{}={}", escaped(name.as_bytes())?, escaped(value)?))).collect();
        Some(self.browser.get(&format!("{}?{}", form.action.split('?').next().unwrap_or_default(), pairs?.join("&"))).await)
    }

    /// The form as it stands, but for one field at a time, and in the shapes no browser sends it in.
    async fn try_out(&mut self, form: &Form) {
        let whole: Fields = form.fields.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
        for (place, (name, _)) in form.fields.iter().enumerate() {
            let without: Fields = whole.iter().filter(|field| field.0 != *name).cloned().collect();
            for value in some_kinds(place + form.action.len(), form.kinds(self.username)) {
                let mut fields = without.clone();
                let what = format!("{name}={:.40?}", String::from_utf8_lossy(&value).chars().take(40).collect::<String>());
                fields.push((name.clone(), value));
                self.send(form, &what, &fields).await;
            }
            if !form.posts {
                continue;
            }
            self.send(form, &format!("without {name}"), &without).await;
            let twice: Fields = whole.iter().cloned().chain([(name.clone(), b"<script>alert(1)</script>".to_vec())]).collect();
            self.send(form, &format!("{name} twice"), &twice).await;
        }
        let listed: Fields = whole.iter().map(|(name, value)| (format!("{name}[]"), value.clone())).collect();
        self.send(form, "with every field a list", &listed).await;
        self.send(form, "with nothing", &Fields::new()).await;
        let odd = vec![("\u{202e}<script>alert(1)</script>".to_owned(), b"x".to_vec()), (String::new(), b"x".to_vec())];
        self.send(form, "with fields of no form", &whole.iter().cloned().chain(odd).collect()).await;
    }
}

/// Every form of a shape of its own that a role is offered at any address.
async fn offered(console: &Console, username: &str) -> Vec<Form> {
    let browser = console.signed_in(username).await;
    let run = match stock::of("user_sessions", username).parse() {
        Ok(session) => preview_of(&browser, "user_sessions", "revoke", &[session]).await,
        Err(_) => unreachable!("the stock's ids are uuids"),
    };
    let run = run.rsplit('/').next().expect("an id").to_owned();
    let mut shapes = BTreeSet::new();
    let mut found = Vec::new();
    for (path, methods) in routes::ROUTES {
        if !methods.contains(&"GET") || path.contains("/export.") {
            continue;
        }
        for address in routes::filled(path, username, &run) {
            let page = browser.get(&address).await;
            assert!(page.status < 500, "{username} {address}: {}", page.text());
            // Signing out is what `again` is for, but not before every field of it.
            found.extend(forms(&page).into_iter().filter(|form| form.action != "/logout" && shapes.insert(form.shape())));
        }
    }
    found
}

async fn all_forms_of(console: &Console, username: &str) -> (usize, usize, Vec<String>) {
    let forms = offered(console, username).await;
    let halves: Vec<Vec<&Form>> = (0..2).map(|half| forms.iter().skip(half).step_by(2).collect()).collect();
    let tried = join_all(halves.into_iter().map(async |half| {
        let mut sender = Sender::new(console, username).await;
        for form in half {
            sender.try_out(form).await;
        }
        (sender.sent, sender.wrong)
    }))
    .await;
    let sent = tried.iter().map(|(sent, _)| sent).sum();
    (forms.len(), sent, tried.into_iter().flat_map(|(_, wrong)| wrong).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_that_anybody_is_offered_breaks_over_what_is_typed_into_it() {
    // A console and a database each, so that nobody is in the way of the others.
    let tried = join_all(["admin", "manager", "user"].map(async |username| {
        let console = console(stocked_database().await).await;
        let (forms, sent, mut wrong) = all_forms_of(&console, username).await;
        wrong.truncate(30);
        assert!(wrong.is_empty(), "{username}, {forms} forms, {sent} sent\n{}", wrong.join("\n"));
        stands(&console).await;
        forms
    }))
    .await;
    assert!(tried[0] > 60 && tried[1] > 40 && tried[2] > 15, "{tried:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_do_those_before_anybody_is_known() {
    let console = console(stocked_database().await).await;
    let mut wrong = Vec::new();
    let browser = console.browser();
    for path in
        ["/login", "/setup", "/password/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/tables/accounts", "/logout", "/approvals/rules"]
    {
        for (turn, name) in
            ["username", "password", "token", "next", "email", "full_name", "repeated", "csrf_token", "resume"].iter().enumerate()
        {
            // A cookie that a page before login sets stands for whoever it is.
            let token = browser.get("/login").await.value("csrf_token").expect("a token");
            for value in some_kinds(turn + path.len(), 4) {
                let answer = browser.post_raw(path, body(&token, &vec![((*name).to_owned(), value.clone())])).await;
                let said = faults(&answer);
                wrong.extend(said.into_iter().map(|fault| format!("{path} {name}={:.40?}: {fault}", String::from_utf8_lossy(&value))));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stands(&console).await;
}
