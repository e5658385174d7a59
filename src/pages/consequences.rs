//! How does a page say what goes with somebody who is deactivated?

use crate::workflows::user;

/// How many of what, each in words.
pub fn counted(consequences: user::Consequences) -> Vec<(i64, &'static str)> {
    let user::Consequences { sessions, keys, accounts, pending } = consequences;
    let said = |count, one, several| (count, if count == 1 { one } else { several });
    vec![
        said(sessions, "open session ends", "open sessions end"),
        said(keys, "API key stops working", "API keys stop working"),
        said(accounts, "account stays theirs, with nobody to look after it", "accounts stay theirs, with nobody to look after them"),
        said(
            pending,
            "pending transaction of theirs waits for a decision or expires",
            "pending transactions of theirs wait for a decision or expire",
        ),
    ]
}
