//! How does a one-time link reach its user by mail?

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::AddressError,
    message::{Mailbox, header::ContentType},
    transport::smtp,
};

/// An administrator waits for it with an open page.
const WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("the mail server's address is not right")]
    Url(#[source] smtp::Error),
    #[error("{0}")]
    Server(#[from] smtp::Error),
    #[error("this is no address for mail: {0}")]
    Address(#[from] AddressError),
    #[error("the letter could not be written: {0}")]
    Letter(#[from] lettre::error::Error),
    #[error("the mail server took longer than {} seconds", WITHIN.as_secs())]
    Slow,
}

/// The way to a mail server; each letter takes a connection of its own.
#[derive(Clone)]
pub struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

/// A text for one person.
pub struct Letter<'a> {
    pub to: &'a str,
    pub subject: &'a str,
    pub text: String,
}

impl Post {
    /// # Errors
    /// A URL that names no server; the error repeats nothing of it.
    pub fn by(url: &str) -> Result<Post, PostError> {
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(&protected(url)).map_err(PostError::Url)?.timeout(Some(WITHIN)).build();
        Ok(Post { transport, sender: sender(url)? })
    }

    /// # Errors
    /// When the server does not take the letter.
    pub async fn send(&self, letter: Letter<'_>) -> Result<(), PostError> {
        let message = Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, letter.to.parse()?))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)?;
        tokio::time::timeout(WITHIN, self.transport.send(message)).await.map_err(|_elapsed| PostError::Slow)??;
        Ok(())
    }
}

/// Plain smtp turns to TLS where the server can; with a password in the URL it must, or nothing is sent.
fn protected(url: &str) -> String {
    match (url.starts_with("smtp://"), url.contains('?'), url.contains('@')) {
        (true, false, true) => format!("{url}?tls=required"),
        (true, false, false) => format!("{url}?tls=opportunistic"),
        (true, true, _) | (false, _, _) => url.to_owned(),
    }
}

/// Whom the server knows us as, where that is an address; else a name at the server.
fn sender(url: &str) -> Result<Mailbox, AddressError> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (user, host) = match authority.rsplit_once('@') {
        Some((credentials, host)) => (credentials.split(':').next().unwrap_or_default(), host),
        None => ("", authority),
    };
    let user = percent_encoding::percent_decode_str(user).decode_utf8_lossy().into_owned();
    let host = host.split(':').next().unwrap_or(host);
    let address = user.parse().or_else(|_| format!("nexus-console@{host}").parse()).or_else(|_| "nexus-console@localhost".parse())?;
    Ok(Mailbox::new(Some("NEXUS Console".to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_travels_in_the_clear() {
        assert_eq!(protected("smtp://relay"), "smtp://relay?tls=opportunistic");
        assert_eq!(protected("smtp://me:p@relay:587"), "smtp://me:p@relay:587?tls=required");
        assert_eq!(protected("smtps://me:p@relay"), "smtps://me:p@relay");
    }

    #[test]
    fn the_sender_is_whom_the_server_knows() {
        for (url, address) in [
            ("smtps://console%40example.com:p@mail.example.com:465", "console@example.com"),
            ("smtp://relay.example.com", "nexus-console@relay.example.com"),
            ("smtp://[::1]:25", "nexus-console@localhost"),
        ] {
            assert_eq!(sender(url).expect("an address").email.to_string(), address, "{url}");
        }
    }
}
