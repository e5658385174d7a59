//! Does a password link reach its user by mail, and its maker where mail does not work?

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};

use super::{
    forms::{filled, id_of, send, with},
    support::{Answer, Browser, Console, console_with, staffed_database},
};

/// Takes letters and hands over what was said to it, each letter as one text.
pub async fn mail_server() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (letters, arriving) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let (mut letter, mut in_data) = (String::new(), false);
            writer.write_all(b"220 sink\r\n").await.expect("the client listens");
            while let Ok(Some(line)) = lines.next_line().await {
                letter.push_str(&line);
                letter.push('\n');
                let answer: &[u8] = match (in_data, line.as_str()) {
                    (true, ".") => {
                        in_data = false;
                        letters.send(std::mem::take(&mut letter)).ok();
                        b"250 taken\r\n"
                    }
                    (true, _) => continue,
                    (false, "DATA") => {
                        in_data = true;
                        b"354 go on\r\n"
                    }
                    (false, "QUIT") => b"221 bye\r\n",
                    (false, _) => b"250 fine\r\n",
                };
                if writer.write_all(answer).await.is_err() {
                    break;
                }
            }
        }
    });
    (port, arriving)
}

async fn hire(admin: &Browser) -> Answer {
    let page = admin.get("/tables/users/new").await;
    let changes = [("username", "nina"), ("email", "nina@example.com"), ("full_name", "Nina Søren"), ("role", "viewer")];
    send(admin, "/tables/users", &with(filled(&page), &changes)).await
}

async fn links(console: &Console) -> i64 {
    let client = console.database.as_owner().await;
    client.query_one("SELECT count(*) FROM one_time_links WHERE used_at IS NULL AND expires_at > now()", &[]).await.expect("a count").get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_mailed_and_shown_to_nobody() {
    let (port, mut letters) = mail_server().await;
    let url = format!("smtp://127.0.0.1:{port}");
    let console = console_with(staffed_database().await, &[("NEXUS_SMTP_URL", &url)]).await;
    let admin = console.signed_in("admin").await;
    let made = hire(&admin).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let letter = letters.recv().await.expect("a letter");
    assert!(letter.contains("RCPT TO:<nina@example.com>"), "{letter}");
    let unfolded = letter.replace("=\n", "").replace("=3D", "=");
    let start = unfolded.find(&format!("{}/password/", console.address)).expect("the link");
    let link: String = unfolded[start..].split_whitespace().next().expect("a link").to_owned();
    let path = link.strip_prefix(&console.address).expect("it leads here").to_owned();
    let record = admin.get(&made.location.expect("the record")).await;
    assert!(record.texts("[role=status]").join("").contains("mailed to nina@example.com"), "{}", record.text());
    assert!(!record.body.contains("/password/"));
    assert_eq!(console.browser().get(&path).await.status, 200, "the link works");

    let again = admin.post(&format!("/tables/users/{}/password-link", id_of(&console, "viewer").await), &[]).await;
    assert_eq!(again.status, 303, "{}", again.text());
    assert!(letters.recv().await.expect("a letter").contains("RCPT TO:<viewer@example.com>"));
    let log = std::fs::read_to_string(console.data_dir.join("stderr")).expect("a log");
    assert!(!log.contains(&path[10..]), "no token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_could_not_be_mailed_is_shown_with_the_reason() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let url = format!("smtp://127.0.0.1:{nobody}");
    let console = console_with(staffed_database().await, &[("NEXUS_SMTP_URL", &url)]).await;
    let admin = console.signed_in("admin").await;
    let made = hire(&admin).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert!(made.texts("#secret").join("").contains("/password/"));
    assert!(made.text().contains("It could not be mailed"), "{}", made.text());
    assert_eq!(links(&console).await, 1, "the user and the link are kept");
}
