//! Which rows are there beside the people, so that every table has one of everybody's and one that is over?

use tokio_postgres::Client;

/// One of everything for each of [`super::PEOPLE`], by the owner, with ids that [`of`] and [`ended`] know.
/// What belongs to `user` says so; what belongs to anybody else says that it is a stranger's.
pub async fn fill(client: &Client) {
    client.batch_execute(STOCK).await.expect("rows in every table");
}

const STOCK: &str = "
CREATE TEMP TABLE person AS
    SELECT u.id, u.username, row_number() OVER (ORDER BY array_position(ARRAY['admin', 'manager', 'manager2', 'auditor', 'user', 'viewer'], u.username::text)) AS place,
           CASE WHEN u.username = 'user' THEN 'mine' ELSE 'stranger' END AS whose
      FROM users u;
CREATE FUNCTION pg_temp.numbered(kind int, place bigint) RETURNS uuid LANGUAGE sql AS
    $$ SELECT (format('01900000-0000-7000-8000-%s', lpad((kind * 1000 + place)::text, 12, '0')))::uuid $$;
INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency)
    SELECT pg_temp.numbered(1, place), id, 'Account ' || whose || ' ' || username, 'checking', 'A-' || whose || '-' || username, 100, 'USD' FROM person;
INSERT INTO transactions (id, account_id, transaction_type, amount, description, reference_number, created_by)
    SELECT pg_temp.numbered(2, place), pg_temp.numbered(1, place), 'deposit', 5, 'Deposit ' || whose, 'T-' || whose || '-' || username, id FROM person;
INSERT INTO transactions (id, account_id, transaction_type, amount, description, reference_number, status, created_by)
    SELECT pg_temp.numbered(12, place), pg_temp.numbered(1, place), 'deposit', 5, 'Cancelled ' || whose, 'C-' || whose || '-' || username, 'cancelled', id FROM person;
INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions)
    SELECT pg_temp.numbered(3, place), id, 'Key ' || whose || ' ' || username, 'sha256:' || username, '[\"accounts:read\"]' FROM person;
INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions, is_active)
    SELECT pg_temp.numbered(13, place), id, 'Old key ' || whose, 'sha256:old-' || username, '[\"accounts:read\"]', false FROM person;
INSERT INTO notifications (id, user_id, title, message, notification_type)
    SELECT pg_temp.numbered(4, place), id, 'Notice ' || whose || ' ' || username, 'For ' || whose, 'info' FROM person;
INSERT INTO notifications (id, user_id, title, message, notification_type, is_read)
    SELECT pg_temp.numbered(14, place), id, 'Read notice ' || whose, 'For ' || whose, 'info', true FROM person;
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, user_agent, expires_at)
    SELECT pg_temp.numbered(5, place), id, 'n1:' || username, 'none:' || username, 'Device ' || whose, now() + interval '1 hour' FROM person;
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, user_agent, expires_at, is_active)
    SELECT pg_temp.numbered(15, place), id, 'n1:old-' || username, 'none:old-' || username, 'Old device ' || whose, now(), false FROM person;
INSERT INTO users (id, username, email, full_name, password_hash, role, is_active)
    VALUES (pg_temp.numbered(6, 1), 'gone', 'gone@example.com', 'Gone Stranger', '!none', 'user', false);
INSERT INTO system_settings (id, setting_key, setting_value, setting_type) VALUES (pg_temp.numbered(7, 1), 'greeting', '\"Hello\"', 'string');
INSERT INTO ssot_api_contracts (id, canonical_name, version, base_url, created_by, updated_by)
    VALUES (pg_temp.numbered(8, 1), 'ledger', 'v1.0.0', 'https://api.example.com/ledger', 'admin', 'admin');
INSERT INTO ssot_api_aliases (id, contract_id, alias_name, context, created_by, updated_by)
    VALUES (pg_temp.numbered(9, 1), pg_temp.numbered(8, 1), 'money', 'frontend', 'admin', 'admin');
INSERT INTO ssot_api_aliases (id, contract_id, alias_name, context, is_active, created_by, updated_by)
    VALUES (pg_temp.numbered(17, 1), pg_temp.numbered(8, 1), 'old-money', 'frontend', false, 'admin', 'admin');
INSERT INTO ssot_governance_rules (id, rule_name, rule_type, rule_config, created_by, updated_by)
    VALUES (pg_temp.numbered(10, 1), 'names', 'validation', '{}', 'admin', 'admin');
INSERT INTO audit_logs (id, entity_type, entity_id, action, user_id, user_agent)
    SELECT pg_temp.numbered(11, place), 'users', id, 'UPDATE', id, 'Program ' || whose FROM person;
INSERT INTO ssot_audit_logs (id, entity_type, entity_id, action, user_id)
    VALUES (pg_temp.numbered(16, 1), 'ssot_api_contracts', pg_temp.numbered(8, 1), 'INSERT', 'admin');
DROP TABLE person;
";

fn numbered(kind: usize, username: &str) -> String {
    let place = super::PEOPLE.iter().position(|person| person.0 == username).expect("one of the people") + 1;
    format!("01900000-0000-7000-8000-{:012}", kind * 1000 + place)
}

/// The row of a table that belongs to a user; where rows belong to nobody, the one there is.
pub fn of(table: &str, username: &str) -> String {
    match table {
        "accounts" => numbered(1, username),
        "transactions" => numbered(2, username),
        "api_keys" => numbered(3, username),
        "notifications" => numbered(4, username),
        "user_sessions" => numbered(5, username),
        "audit_logs" => numbered(11, username),
        "users" => numbered(6, "admin"),
        "system_settings" => numbered(7, "admin"),
        "ssot_api_contracts" => numbered(8, "admin"),
        "ssot_api_aliases" => numbered(9, "admin"),
        "ssot_governance_rules" => numbered(10, "admin"),
        "ssot_audit_logs" => numbered(16, "admin"),
        table => panic!("no stock of {table}"),
    }
}

/// The same, where its verbs have nothing left to do.
pub fn ended(table: &str, username: &str) -> String {
    match table {
        "transactions" => numbered(12, username),
        "api_keys" => numbered(13, username),
        "notifications" => numbered(14, username),
        "user_sessions" => numbered(15, username),
        "ssot_api_aliases" => numbered(17, "admin"),
        table => of(table, username),
    }
}
