//! Is a record as of each moment what it was then, whatever was done to it?

use nexus_console::{
    app::Tables,
    audit::{
        as_of::{AsOf, Reach, as_of, columns},
        history::HistoryGrant,
    },
    auth::{
        actor::{Actor, Preferences},
        policy::{Action, LINES, Policy},
        role::Role,
    },
    db::{
        pool::{Connection, Database, ServingRole},
        value::{Timestamp, Value},
    },
    resource::{Resource, record::Record, store},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    strategy::ValueTree as _,
    test_runner::{Config, RngSeed, TestRunner},
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::staffed_database;

/// One thing that is done; what cannot be done to the record as it is changes nothing.
#[derive(Debug, Clone)]
enum Step {
    Create,
    /// In one transaction, one after the other.
    Edit(Vec<(&'static str, &'static str)>),
    Delete,
}

const EDITS: [(&str, &str); 8] = [
    ("rule_name", "'Ä \" name'"),
    ("rule_name", "''"),
    ("rule_config", "'{\"a\": 1.50, \"b\": [null, \"x\"]}'"),
    ("rule_config", "'null'"),
    ("is_active", "NOT coalesce(is_active, false)"),
    ("is_active", "NULL"),
    ("created_at", "'infinity'"),
    ("created_at", "'2024-02-29 23:59:59.000001+00'"),
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![1 => Just(Step::Create), 5 => vec(select(&EDITS[..]), 1..4).prop_map(Step::Edit), 1 => Just(Step::Delete)]
}

async fn take(owner: &Client, id: Uuid, step: &Step) {
    let statement = match step {
        Step::Create => format!(
            "INSERT INTO ssot_governance_rules (id, rule_name, rule_type, rule_config, created_by, updated_by) \
             VALUES ('{id}', 'name {id}', 'validation', '{{}}', 'a', 'b') ON CONFLICT DO NOTHING"
        ),
        Step::Delete => format!("DELETE FROM ssot_governance_rules WHERE id = '{id}'"),
        Step::Edit(edits) => {
            let edit = |(column, value): &(&str, &str)| match *column {
                // No two rules have one name.
                "rule_name" => format!("UPDATE ssot_governance_rules SET rule_name = {value} || '{id}' WHERE id = '{id}';"),
                column => format!("UPDATE ssot_governance_rules SET {column} = {value} WHERE id = '{id}';"),
            };
            format!("BEGIN; {} COMMIT", edits.iter().map(edit).collect::<String>())
        }
    };
    owner.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// What is left of a row when nothing is left out.
fn values(resource: &'static Resource, record: &Record) -> Vec<(&'static str, Value)> {
    columns(resource).map(|column| (column.name, record.value(column.name).clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_step_of_any_history_it_is_what_was_there() {
    let database = staffed_database().await;
    let owner = database.as_owner().await;
    let pool = Database::new(database.application.manager(), 1, ServingRole::LoggedIn);
    let connection = pool.read().await.expect("a connection");
    let text = || "auditor".to_owned();
    let actor = Actor::new(Uuid::nil(), text(), text(), text(), Some(Role::Auditor), Uuid::nil(), Preferences::default(), Policy(LINES));
    let registry = Tables::of_the_platform().registry;
    let resource = registry.find("ssot_governance_rules").expect("the rules");
    let grant = actor.authorize(Action::Read, resource).expect("an auditor reads them");
    let log = HistoryGrant::of(&actor, &registry).expect("and the log");
    let current = async |connection: &Connection, id| store::record(connection, &grant, id).await.ok();

    let config = Config { failure_persistence: None, rng_seed: RngSeed::Fixed(20_261_129), ..Config::default() };
    let mut runner = TestRunner::new(config);
    for number in 0..12_u128 {
        let steps = vec(step(), 1..10).new_tree(&mut runner).expect("a history").current();
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_1000 + number);
        let mut seen: Vec<(Timestamp, Option<Record>)> = Vec::new();
        for step in std::iter::once(&Step::Create).chain(&steps) {
            take(&owner, id, step).await;
            // The owner's clock, once the step is done; the next one begins later.
            let row = owner.query_one("SELECT clock_timestamp(), pg_sleep(0.001)::text", &[]).await.expect("a time");
            let Value::Time(at) = row.get(0) else { panic!("a time") };
            seen.push((at, current(&connection, id).await));
        }
        let now = current(&connection, id).await;
        for (at, was) in &seen {
            let told = as_of(&connection, log, &grant, id, *at, now.as_ref()).await.expect("an answer");
            match (told, was) {
                (AsOf::Then(state), Some(was)) => {
                    assert_eq!(state.reach, Reach::Told);
                    for (name, value) in values(resource, was) {
                        let column = resource.column(name).expect("a column");
                        assert_eq!(state.value(column), &value, "{name} at {at} of {steps:?}");
                    }
                }
                (AsOf::Gone(_), None) => {}
                (told, was) => panic!("{told:?} and {was:?} at {at} of {steps:?}"),
            }
        }
        let first = seen[0].0.microseconds() - 60_000_000;
        let before = Timestamp::from_microseconds(first).expect("a time");
        let told = as_of(&connection, log, &grant, id, before, now.as_ref()).await.expect("an answer");
        assert!(matches!(told, AsOf::NotYet(_)), "{told:?}");
    }
}
