//! How many people does an amount take, how long may it wait, and are there enough people at all?

use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::{
    db::pool::{Connection, DatabaseError},
    resource::money::plain,
};

/// The rule in force.
#[derive(Debug, Clone)]
pub struct Rule {
    tiers: Json,
    /// What is wrong with the setting, where it cannot be read.
    pub fault: Option<String>,
    pub expiry_days: i32,
    /// The ids of everybody who decides, comma separated; nothing where they are enough for any item.
    pub(super) few_deciders: Option<String>,
}

/// One step: from this amount on, so many people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    pub from: Decimal,
    pub approvers: i64,
}

/// At most nine approvers a tier, and two are shut out of each item: with eleven people nothing is ever stranded.
const READ: &str = "\
    SELECT public.nexus_approval_tiers()::text, public.nexus_tiers_fault(public.nexus_approval_tiers()), public.nexus_expiry_days(), \
           (SELECT string_agg(w.id::text, ',') FROM (SELECT u.id FROM public.users u \
             WHERE u.is_active AND u.role IN ('admin', 'manager') LIMIT 11) w)";

/// # Errors
/// See [`DatabaseError`].
pub async fn rule(connection: &Connection) -> Result<Rule, DatabaseError> {
    let row = connection.query_one(READ, &[]).await?;
    let text: String = row.try_get(0)?;
    let deciders: String = row.try_get::<_, Option<String>>(3)?.unwrap_or_default();
    let people = deciders.split(',').filter(|id| !id.is_empty()).count();
    let tiers: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    let fault: Option<String> = row.try_get(1)?;
    let most = most(&tiers);
    let few = fault.is_none() && i64::try_from(people).is_ok_and(|people| people < most + 2);
    Ok(Rule { tiers, fault, expiry_days: row.try_get(2)?, few_deciders: few.then_some(deciders) })
}

fn most(tiers: &Json) -> i64 {
    let lists = tiers.as_object().into_iter().flat_map(serde_json::Map::values);
    lists.filter_map(Json::as_array).flatten().filter_map(|step| step.get("approvers")?.as_i64()).max().unwrap_or(0)
}

impl Rule {
    /// The step an amount of this currency stands on.
    pub fn tier(&self, currency: Option<&str>, amount: Decimal) -> Option<Tier> {
        let steps = currency.and_then(|currency| self.tiers.get(currency)).or_else(|| self.tiers.get("*"))?.as_array()?;
        let steps = steps
            .iter()
            .filter_map(|step| Some(Tier { from: plain(step.get("from")?.as_str()?)?, approvers: step.get("approvers")?.as_i64()? }));
        steps.filter(|tier| tier.from <= amount.abs()).max_by_key(|tier| tier.from)
    }
}
