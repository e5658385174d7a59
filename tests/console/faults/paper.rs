//! Who writes while something breaks, what were they promised, and is every promise kept?

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::task::{JoinHandle, block_in_place};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    forms::{filled, with},
    running::until,
    support::Browser,
};

/// A sheet of paper of one writer: an account that was asked for, and the changes to it.
#[derive(Debug)]
pub struct Sheet {
    id: Uuid,
    /// Only whoever sent a form first hears the same answer again.
    writer: &'static str,
    form: Vec<(String, String)>,
    is_made: bool,
    asked: i64,
    changed: i64,
}

/// Writers at work, each in a browser of its own.
pub struct Writers {
    working: Vec<JoinHandle<Vec<Sheet>>>,
    promises: Arc<AtomicUsize>,
}

/// More than any test lets them write.
const ENDLESS: usize = 100_000;

impl Writers {
    /// Each makes accounts and changes each twice, until nobody answers.
    pub async fn begin(browsers: Vec<(&'static str, Browser)>, owner: &Client) -> Writers {
        let promises = Arc::new(AtomicUsize::new(0));
        let holder: String = owner.query_one("SELECT id::text FROM users WHERE username = 'user'", &[]).await.expect("a user").get(0);
        let working = browsers
            .into_iter()
            .map(|(writer, browser)| tokio::spawn(write(writer, browser, holder.clone(), Arc::clone(&promises))))
            .collect();
        Writers { working, promises }
    }

    /// Waits until so much has been promised: from here on whatever breaks breaks in the middle.
    pub fn until_busy(&self, promises: usize) {
        block_in_place(|| until("the writers write", || self.promises.load(Ordering::SeqCst) >= promises));
    }

    /// What they wrote, once each has been cut off.
    pub async fn sheets(self) -> Vec<Sheet> {
        let mut sheets = Vec::new();
        for writer in self.working {
            sheets.extend(writer.await.expect("a writer is answered or cut off, and nothing else"));
        }
        sheets
    }
}

async fn write(writer: &'static str, browser: Browser, holder: String, promises: Arc<AtomicUsize>) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    let Some(page) = browser.try_get("/tables/accounts/new").await.filter(|page| page.status == 200) else { return sheets };
    let token = page.value("csrf_token").expect("a token");
    for _ in 0..ENDLESS {
        let id = Uuid::now_v7();
        let (key, kind) = (id.to_string(), "savings");
        let typed =
            [("id", key.as_str()), ("account_name", "Sheet"), ("account_number", &key), ("account_type", kind), ("user_id", &holder)];
        let form = with(filled(&page), &typed);
        sheets.push(Sheet { id, writer, form: form.clone(), is_made: false, asked: 0, changed: 0 });
        let sheet = sheets.last_mut().expect("just added");
        if !sent(&browser, "/tables/accounts", &token, &form).await {
            return sheets;
        }
        sheet.is_made = true;
        promises.fetch_add(1, Ordering::SeqCst);
        for number in 1..=2 {
            let path = format!("/tables/accounts/{id}");
            let Some(page) = browser.try_get(&format!("{path}/edit")).await.filter(|page| page.status == 200) else { return sheets };
            let name = format!("Sheet, changed {number}");
            sheet.asked += 1;
            if !sent(&browser, &path, &token, &with(filled(&page), &[("account_name", &name)])).await {
                return sheets;
            }
            sheet.changed += 1;
            promises.fetch_add(1, Ordering::SeqCst);
        }
    }
    sheets
}

/// Whether it was acknowledged; if not, whoever sent it knows nothing.
async fn sent(browser: &Browser, path: &str, token: &str, form: &[(String, String)]) -> bool {
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match browser.try_post_with(path, token, &fields).await {
        Some(answer) if answer.status == 303 => true,
        None => false,
        Some(answer) => {
            assert_eq!(answer.status, 503, "{}", answer.text());
            false
        }
    }
}

const STANDS: &str = "SELECT (SELECT count(*) FROM public.accounts a WHERE a.id = $1),
    (SELECT count(*) FROM public.audit_logs l JOIN public.audit_details d ON d.entry_id = l.id
      WHERE l.entity_type = 'accounts' AND l.entity_id = $1 AND l.action = 'INSERT'),
    (SELECT count(*) FROM public.audit_logs l WHERE l.entity_type = 'accounts' AND l.entity_id = $1 AND l.action = 'UPDATE'),
    (SELECT a.account_name = coalesce(
        (SELECT l.new_values->>'account_name' FROM public.audit_logs l
          WHERE l.entity_type = 'accounts' AND l.entity_id = $1 ORDER BY l.created_at DESC, l.id DESC LIMIT 1), '')
       FROM public.accounts a WHERE a.id = $1)";

/// Whatever was acknowledged is there with its entry in the log; whatever was not is there as a whole or not at all.
pub async fn check(owner: &Client, sheets: &[Sheet]) {
    for sheet in sheets {
        let row = owner.query_one(STANDS, &[&sheet.id]).await.expect("the database answers");
        let (rows, made, changed): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(rows, made, "a row and its entry: {sheet:?}");
        assert!(if sheet.is_made { made == 1 } else { made <= 1 }, "{made}: {sheet:?}");
        assert!((sheet.changed..=sheet.asked).contains(&changed), "{changed} changes in the log: {sheet:?}");
        assert_ne!(row.get::<_, Option<bool>>(3), Some(false), "the record is as the log says: {sheet:?}");
    }
}

/// Sends every form again whose fate nobody told its writer: it answers as the first would have, and makes nothing twice.
pub async fn replay(browser: &Browser, writer: &str, owner: &Client, sheets: &[Sheet]) {
    for sheet in sheets.iter().filter(|sheet| sheet.writer == writer && !sheet.is_made) {
        for _ in 0..2 {
            let answer = crate::forms::send(browser, "/tables/accounts", &sheet.form).await;
            assert_eq!(answer.status, 303, "{}", answer.text());
            let to = answer.location.expect("it leads to the record");
            assert!(to.starts_with(&format!("/tables/accounts/{}", sheet.id)), "{to}");
        }
        let row = owner.query_one(STANDS, &[&sheet.id]).await.expect("the database answers");
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1), "once: {sheet:?}");
    }
}
