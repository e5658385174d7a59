//! How much of a balance is not spoken for by debits that still wait for a decision?

use uuid::Uuid;

use crate::{
    auth::grant::{Grant, Rows},
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
};

/// Balance minus pending debits of each account the grant covers; a balance that is no number stays what it is.
/// Credits that wait are not counted: nobody can spend what may still be rejected.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn of(connection: &Connection, grant: &Grant, accounts: &[Uuid]) -> Result<Vec<(Uuid, Value)>, DatabaseError> {
    debug_assert_eq!(grant.resource().table, "accounts");
    let owner = match grant.rows() {
        Rows::All => None,
        Rows::OwnedBy(user) => Some(user),
    };
    let rows = connection
        .query(
            "SELECT a.id, coalesce(a.balance, 0) \
                    + coalesce((SELECT sum(least(public.nexus_effect(t.transaction_type, t.amount), 0)) FROM public.transactions t \
                                 WHERE t.account_id = a.id AND t.status = 'pending'), 0) \
               FROM public.accounts a WHERE a.id = ANY ($1) AND ($2::uuid IS NULL OR a.user_id = $2)",
            &[&accounts, &owner],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
