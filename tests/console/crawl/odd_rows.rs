//! Which rows try to break a page?

use tokio_postgres::Client;

/// Stands in every place that nobody may ever see.
pub const CANARY: &str = "canary-7f3a";
/// A spreadsheet would run it.
pub const FORMULA: &str = "=1+1+cmd";

/// Of every table: a row of mark-up, a row of nothing, a row of extremes.
pub const IDS: [&str; 3] =
    ["01910000-0000-7000-8000-000000000001", "01910000-0000-7000-8000-000000000002", "01910000-0000-7000-8000-000000000003"];

/// Adds them, by the owner, to a stocked database; its own rows get secrets worth finding.
pub async fn fill(client: &Client) {
    client.batch_execute(ROWS).await.expect("odd rows");
}

const ROWS: &str = r#"
CREATE TEMP TABLE odd AS SELECT
    '01910000-0000-7000-8000-000000000001'::uuid AS wild, '01910000-0000-7000-8000-000000000002'::uuid AS bare,
    '01910000-0000-7000-8000-000000000003'::uuid AS far,
    $t$"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}$t$::text AS markup,
    $t$'"><img src=x onerror=alert(2)>$t$::text AS mark,
    E'\u202Etxt.exe\u2066 \u05E9\u05DC\u05D5\u05DD \U0001F600 ' || repeat('long ', 40000) AS long,
    E'=1+1+cmd' AS formula, 'canary-7f3a'::text AS canary,
    jsonb_build_object('password_hash', 'canary-7f3a', 'key_hash', 'canary-7f3a', 'session_token', 'canary-7f3a', 'refresh_token', 'canary-7f3a',
        'token_hash', 'canary-7f3a', 'state', jsonb_build_object('key', 'canary-7f3a'), 'setting_value', 'canary-7f3a', 'is_encrypted', true,
        'full_name', $t$</textarea></script><script>alert(3)</script>$t$, $t$<b onclick="x">$t$, $t$'"><img src=x onerror=alert(4)>$t$) AS whole;

INSERT INTO users (id, username, email, full_name, password_hash, role, is_active, is_verified, last_login, created_at, updated_at)
    SELECT wild, mark, mark || '@x', markup, canary, 'user', true, true, now(), now(), now() FROM odd UNION ALL
    SELECT bare, 'b', '', '', canary || '2', NULL, NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, '=1+1+cmd', repeat('x', 255), left(long, 255), canary || '3', 'viewer', false, false, 'infinity', '-infinity', '294276-12-31 23:59:59+00' FROM odd;
INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency, is_active, created_at, updated_at)
    SELECT wild, wild, markup, 'checking', left(markup, 50), -0.01, '<b>', true, now(), now() FROM odd UNION ALL
    SELECT bare, bare, '', 'loan', '', NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, far, left(long, 255), 'credit', '=1+1+cmd', 'NaN', 'JPY', false, 'infinity', '-infinity' FROM odd;
INSERT INTO transactions (id, account_id, transaction_type, amount, description, reference_number, status, transaction_date, processed_at, created_at, updated_at)
    SELECT wild, wild, 'transfer', -9999999999999.99, markup, left(markup, 100), 'failed', now(), now(), now(), now() FROM odd UNION ALL
    SELECT bare, bare, 'fee', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, far, 'interest', 'NaN', long, formula, 'pending', 'infinity', '-infinity', '294276-12-31 23:59:59+00', '4713-01-01 00:00:00+00 BC' FROM odd;
INSERT INTO audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, user_agent, created_at)
    SELECT wild, markup, wild, left(markup, 50), whole, whole, markup, wild, inet '192.0.2.7', markup, now() FROM odd UNION ALL
    SELECT bare, '', bare, '', NULL, '[1, "x"]', NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, '=1+1+cmd', far, '=1+1+cmd', to_jsonb(long), to_jsonb(long), '=1+1+cmd', NULL, '2001:db8::/32', long, 'infinity' FROM odd;
INSERT INTO ssot_audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, user_agent, created_at)
    SELECT wild, markup, wild, left(markup, 50), whole, whole, markup, markup, inet '192.0.2.7', markup, now() FROM odd UNION ALL
    SELECT bare, '', bare, '', 'null', NULL, NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, '=1+1+cmd', far, '=1+1+cmd', to_jsonb(long), '12', '=1+1+cmd', '=1+1+cmd', '10.0.0.0/8', long, '-infinity' FROM odd;
-- Old logs hold whole rows of whatever they are about, and an update that made a value secret has it on its other side.
INSERT INTO audit_logs (entity_type, entity_id, action, old_values, new_values)
    SELECT subject, id, 'UPDATE', whole - 'is_encrypted' || '{"is_encrypted": false}', whole || '{"username": "x"}' FROM odd,
        unnest(ARRAY['users', 'accounts', 'transactions', 'system_settings', 'api_keys', 'notifications', 'user_sessions', 'one_time_links', 'session_state']) subject,
        unnest(ARRAY[wild, bare, far]) id UNION ALL
    SELECT subject, id, 'update', whole, whole - 'is_encrypted' || '{"is_encrypted": null}' FROM odd,
        unnest(ARRAY['users', 'system_settings', 'api_keys']) subject, unnest(ARRAY[wild, bare, far]) id;
INSERT INTO ssot_audit_logs (entity_type, entity_id, action, old_values, new_values, user_id)
    SELECT subject, id, 'insert', NULL, whole, markup FROM odd,
        unnest(ARRAY['users', 'system_settings', 'api_keys', 'ssot_api_contracts', 'ssot_api_aliases', 'ssot_governance_rules']) subject,
        unnest(ARRAY[wild, bare, far]) id;
INSERT INTO system_settings (id, setting_key, setting_value, setting_type, description, is_encrypted, is_active, created_at, updated_at)
    SELECT wild, markup, to_jsonb(canary), left(markup, 50), markup, true, true, now(), now() FROM odd UNION ALL
    SELECT bare, '', 'null', '', NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, '=1+1+cmd', jsonb_build_object('deep', to_jsonb(long)), '=1+1+cmd', long, false, false, 'infinity', '-infinity' FROM odd;
INSERT INTO ssot_api_contracts (id, canonical_name, version, description, base_url, status, created_by, updated_by, created_at, updated_at)
    SELECT wild, markup, left(markup, 50), markup, 'javascript:alert(1)//' || markup, 'deprecated', markup, markup, now(), now() FROM odd UNION ALL
    SELECT bare, '', '', NULL, '', NULL, '', '', NULL, NULL FROM odd UNION ALL
    SELECT far, '=1+1+cmd', '=1+1+cmd', long, '=1+1+cmd', 'archived', '=1+1+cmd', '=1+1+cmd', 'infinity', '-infinity' FROM odd;
INSERT INTO ssot_api_aliases (id, contract_id, alias_name, context, alias_type, expires_at, description, is_active, created_by, updated_by, created_at, updated_at)
    SELECT wild, wild, markup, markup, 'temporary', now(), markup, true, markup, markup, now(), now() FROM odd UNION ALL
    SELECT bare, bare, '', '', NULL, NULL, NULL, NULL, '', '', NULL, NULL FROM odd UNION ALL
    SELECT far, far, '=1+1+cmd', '=1+1+cmd', 'permanent', 'infinity', long, false, '=1+1+cmd', '=1+1+cmd', 'infinity', '-infinity' FROM odd;
INSERT INTO ssot_governance_rules (id, rule_name, rule_type, rule_config, is_active, created_by, updated_by, created_at, updated_at)
    SELECT wild, markup, left(markup, 50), jsonb_build_object(markup, markup), true, markup, markup, now(), now() FROM odd UNION ALL
    SELECT bare, '', '', 'null', NULL, '', '', NULL, NULL FROM odd UNION ALL
    SELECT far, '=1+1+cmd', '=1+1+cmd', to_jsonb(long), false, '=1+1+cmd', '=1+1+cmd', 'infinity', '-infinity' FROM odd;
INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions, is_active, expires_at, last_used, created_at, updated_at)
    SELECT wild, wild, markup, canary, to_jsonb(markup), true, now(), now(), now(), now() FROM odd UNION ALL
    SELECT bare, bare, '', canary, 'null', NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, far, '=1+1+cmd', canary, jsonb_build_array(long), false, 'infinity', '-infinity', 'infinity', '-infinity' FROM odd;
INSERT INTO notifications (id, user_id, title, message, notification_type, is_read, is_urgent, expires_at, created_at, updated_at)
    SELECT wild, wild, markup, markup, 'info', true, true, now(), now(), now() FROM odd UNION ALL
    SELECT bare, bare, '', '', 'error', NULL, NULL, NULL, NULL, NULL FROM odd UNION ALL
    SELECT far, far, '=1+1+cmd', long, 'warning', false, false, 'infinity', 'infinity', '-infinity' FROM odd;
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, ip_address, user_agent, is_active, expires_at, created_at, updated_at)
    SELECT wild, wild, canary, canary, inet '192.0.2.7', markup, true, now() + interval '1 hour', now(), now() FROM odd UNION ALL
    SELECT bare, bare, canary || '2', canary || '2', NULL, NULL, NULL, '-infinity', NULL, NULL FROM odd UNION ALL
    SELECT far, far, canary || '3', canary || '3', '2001:db8::1', long, false, 'infinity', 'infinity', '-infinity' FROM odd;
INSERT INTO session_state (id, state) SELECT wild, jsonb_build_object('key', canary) FROM odd;
INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at) SELECT wild, 'password', canary, now() + interval '1 hour' FROM odd;

-- The people's own rows carry the same, so that roles with nothing but their own meet it too.
UPDATE notifications SET title = markup, message = markup FROM odd WHERE title LIKE 'Notice %';
UPDATE user_sessions SET user_agent = markup FROM odd WHERE user_agent LIKE 'Device %';
UPDATE api_keys SET key_name = markup, key_hash = canary FROM odd WHERE key_name LIKE 'Key %';
UPDATE accounts SET account_name = markup FROM odd WHERE account_number = 'A-mine-user';
UPDATE transactions SET description = markup FROM odd WHERE reference_number = 'T-mine-user';
DROP TABLE odd;
"#;
