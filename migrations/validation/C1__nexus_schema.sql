-- Are the twelve tables the documented ones? A row for each thing that is not: asked of the tables that are there
-- before anything is changed (of those alone), and of all of them once they have been made.
WITH wanted (relation, attribute, kind, required) AS (VALUES
    ('users', 'id', 'uuid', true),
    ('users', 'username', 'character varying(50)', true),
    ('users', 'email', 'character varying(255)', true),
    ('users', 'full_name', 'character varying(255)', true),
    ('users', 'password_hash', 'character varying(255)', true),
    ('users', 'is_active', 'boolean', false),
    ('users', 'is_verified', 'boolean', false),
    ('users', 'role', 'character varying(50)', false),
    ('users', 'last_login', 'timestamp with time zone', false),
    ('users', 'created_at', 'timestamp with time zone', false),
    ('users', 'updated_at', 'timestamp with time zone', false),
    ('users', 'created_by', 'uuid', false),
    ('users', 'updated_by', 'uuid', false),
    ('accounts', 'id', 'uuid', true),
    ('accounts', 'user_id', 'uuid', true),
    ('accounts', 'account_name', 'character varying(255)', true),
    ('accounts', 'account_type', 'character varying(50)', true),
    ('accounts', 'account_number', 'character varying(50)', true),
    ('accounts', 'balance', 'numeric(15,2)', false),
    ('accounts', 'currency', 'character varying(3)', false),
    ('accounts', 'is_active', 'boolean', false),
    ('accounts', 'created_at', 'timestamp with time zone', false),
    ('accounts', 'updated_at', 'timestamp with time zone', false),
    ('accounts', 'created_by', 'uuid', false),
    ('accounts', 'updated_by', 'uuid', false),
    ('transactions', 'id', 'uuid', true),
    ('transactions', 'account_id', 'uuid', true),
    ('transactions', 'transaction_type', 'character varying(50)', true),
    ('transactions', 'amount', 'numeric(15,2)', true),
    ('transactions', 'description', 'text', false),
    ('transactions', 'reference_number', 'character varying(100)', false),
    ('transactions', 'status', 'character varying(20)', false),
    ('transactions', 'transaction_date', 'timestamp with time zone', false),
    ('transactions', 'processed_at', 'timestamp with time zone', false),
    ('transactions', 'created_at', 'timestamp with time zone', false),
    ('transactions', 'updated_at', 'timestamp with time zone', false),
    ('transactions', 'created_by', 'uuid', false),
    ('transactions', 'updated_by', 'uuid', false),
    ('audit_logs', 'id', 'uuid', true),
    ('audit_logs', 'entity_type', 'character varying(100)', true),
    ('audit_logs', 'entity_id', 'uuid', true),
    ('audit_logs', 'action', 'character varying(50)', true),
    ('audit_logs', 'old_values', 'jsonb', false),
    ('audit_logs', 'new_values', 'jsonb', false),
    ('audit_logs', 'context', 'character varying(100)', false),
    ('audit_logs', 'user_id', 'uuid', false),
    ('audit_logs', 'ip_address', 'inet', false),
    ('audit_logs', 'user_agent', 'text', false),
    ('audit_logs', 'created_at', 'timestamp with time zone', false),
    ('system_settings', 'id', 'uuid', true),
    ('system_settings', 'setting_key', 'character varying(255)', true),
    ('system_settings', 'setting_value', 'jsonb', true),
    ('system_settings', 'setting_type', 'character varying(50)', true),
    ('system_settings', 'description', 'text', false),
    ('system_settings', 'is_encrypted', 'boolean', false),
    ('system_settings', 'is_active', 'boolean', false),
    ('system_settings', 'created_at', 'timestamp with time zone', false),
    ('system_settings', 'updated_at', 'timestamp with time zone', false),
    ('system_settings', 'created_by', 'uuid', false),
    ('system_settings', 'updated_by', 'uuid', false),
    ('ssot_api_contracts', 'id', 'uuid', true),
    ('ssot_api_contracts', 'canonical_name', 'character varying(255)', true),
    ('ssot_api_contracts', 'version', 'character varying(50)', true),
    ('ssot_api_contracts', 'description', 'text', false),
    ('ssot_api_contracts', 'base_url', 'character varying(500)', true),
    ('ssot_api_contracts', 'status', 'character varying(20)', false),
    ('ssot_api_contracts', 'created_at', 'timestamp with time zone', false),
    ('ssot_api_contracts', 'updated_at', 'timestamp with time zone', false),
    ('ssot_api_contracts', 'created_by', 'character varying(255)', true),
    ('ssot_api_contracts', 'updated_by', 'character varying(255)', true),
    ('ssot_api_aliases', 'id', 'uuid', true),
    ('ssot_api_aliases', 'contract_id', 'uuid', true),
    ('ssot_api_aliases', 'alias_name', 'character varying(255)', true),
    ('ssot_api_aliases', 'context', 'character varying(100)', true),
    ('ssot_api_aliases', 'alias_type', 'character varying(20)', false),
    ('ssot_api_aliases', 'expires_at', 'timestamp with time zone', false),
    ('ssot_api_aliases', 'description', 'text', false),
    ('ssot_api_aliases', 'is_active', 'boolean', false),
    ('ssot_api_aliases', 'created_at', 'timestamp with time zone', false),
    ('ssot_api_aliases', 'updated_at', 'timestamp with time zone', false),
    ('ssot_api_aliases', 'created_by', 'character varying(255)', true),
    ('ssot_api_aliases', 'updated_by', 'character varying(255)', true),
    ('ssot_audit_logs', 'id', 'uuid', true),
    ('ssot_audit_logs', 'entity_type', 'character varying(100)', true),
    ('ssot_audit_logs', 'entity_id', 'uuid', true),
    ('ssot_audit_logs', 'action', 'character varying(50)', true),
    ('ssot_audit_logs', 'old_values', 'jsonb', false),
    ('ssot_audit_logs', 'new_values', 'jsonb', false),
    ('ssot_audit_logs', 'context', 'character varying(100)', false),
    ('ssot_audit_logs', 'user_id', 'character varying(255)', false),
    ('ssot_audit_logs', 'ip_address', 'inet', false),
    ('ssot_audit_logs', 'user_agent', 'text', false),
    ('ssot_audit_logs', 'created_at', 'timestamp with time zone', false),
    ('ssot_governance_rules', 'id', 'uuid', true),
    ('ssot_governance_rules', 'rule_name', 'character varying(255)', true),
    ('ssot_governance_rules', 'rule_type', 'character varying(50)', true),
    ('ssot_governance_rules', 'rule_config', 'jsonb', true),
    ('ssot_governance_rules', 'is_active', 'boolean', false),
    ('ssot_governance_rules', 'created_at', 'timestamp with time zone', false),
    ('ssot_governance_rules', 'updated_at', 'timestamp with time zone', false),
    ('ssot_governance_rules', 'created_by', 'character varying(255)', true),
    ('ssot_governance_rules', 'updated_by', 'character varying(255)', true),
    ('api_keys', 'id', 'uuid', true),
    ('api_keys', 'user_id', 'uuid', true),
    ('api_keys', 'key_name', 'character varying(255)', true),
    ('api_keys', 'key_hash', 'character varying(255)', true),
    ('api_keys', 'permissions', 'jsonb', true),
    ('api_keys', 'is_active', 'boolean', false),
    ('api_keys', 'expires_at', 'timestamp with time zone', false),
    ('api_keys', 'last_used', 'timestamp with time zone', false),
    ('api_keys', 'created_at', 'timestamp with time zone', false),
    ('api_keys', 'updated_at', 'timestamp with time zone', false),
    ('api_keys', 'created_by', 'uuid', false),
    ('api_keys', 'updated_by', 'uuid', false),
    ('notifications', 'id', 'uuid', true),
    ('notifications', 'user_id', 'uuid', true),
    ('notifications', 'title', 'character varying(255)', true),
    ('notifications', 'message', 'text', true),
    ('notifications', 'notification_type', 'character varying(50)', true),
    ('notifications', 'is_read', 'boolean', false),
    ('notifications', 'is_urgent', 'boolean', false),
    ('notifications', 'expires_at', 'timestamp with time zone', false),
    ('notifications', 'created_at', 'timestamp with time zone', false),
    ('notifications', 'updated_at', 'timestamp with time zone', false),
    ('notifications', 'created_by', 'uuid', false),
    ('notifications', 'updated_by', 'uuid', false),
    ('user_sessions', 'id', 'uuid', true),
    ('user_sessions', 'user_id', 'uuid', true),
    ('user_sessions', 'session_token', 'character varying(255)', true),
    ('user_sessions', 'refresh_token', 'character varying(255)', true),
    ('user_sessions', 'ip_address', 'inet', false),
    ('user_sessions', 'user_agent', 'text', false),
    ('user_sessions', 'is_active', 'boolean', false),
    ('user_sessions', 'expires_at', 'timestamp with time zone', true),
    ('user_sessions', 'created_at', 'timestamp with time zone', false),
    ('user_sessions', 'updated_at', 'timestamp with time zone', false)
), relations AS (
    SELECT DISTINCT w.relation, c.oid, c.relkind
      FROM wanted w
      LEFT JOIN pg_catalog.pg_class c
             ON c.oid = pg_catalog.to_regclass('public.' || w.relation)
)
SELECT r.relation, CASE WHEN r.oid IS NULL THEN 'table ' || r.relation || ' is absent'
                        ELSE r.relation || ' is not a plain table' END AS reason
  FROM relations r
 WHERE r.oid IS NULL OR r.relkind <> 'r'
UNION ALL
SELECT w.relation,
       pg_catalog.format('%s.%s should be %s%s, is %s%s', w.relation, w.attribute, w.kind,
                         CASE WHEN w.required THEN ' NOT NULL' ELSE '' END,
                         coalesce(pg_catalog.format_type(a.atttypid, a.atttypmod), 'absent'),
                         CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END)
  FROM wanted w
  JOIN relations r ON r.relation = w.relation AND r.relkind = 'r'
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attname = w.attribute AND NOT a.attisdropped
 WHERE a.attname IS NULL
    OR pg_catalog.format_type(a.atttypid, a.atttypmod) <> w.kind
    OR a.attnotnull <> w.required
UNION ALL
SELECT r.relation, pg_catalog.format('%s.%s is not documented and needs a value', r.relation, a.attname)
  FROM relations r
  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE r.relkind = 'r' AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
   AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.relation = r.relation AND w.attribute = a.attname)
UNION ALL
SELECT r.relation, pg_catalog.format('%s.%s is worked out by the database: nobody could write it', r.relation, a.attname)
  FROM relations r
  JOIN wanted w ON w.relation = r.relation
  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attname = w.attribute AND a.attgenerated <> ''
 WHERE r.relkind = 'r'
UNION ALL
-- Its policies would hide rows from the console, and a table of nobody looks like a database without users.
SELECT r.relation, r.relation || ' has row level security, which would hide rows from the console: take it off with '
                   || pg_catalog.format('ALTER TABLE public.%I DISABLE ROW LEVEL SECURITY', r.relation)
  FROM relations r
  JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relrowsecurity
UNION ALL
SELECT r.relation, r.relation || '.id is not the primary key'
  FROM relations r
 WHERE r.relkind = 'r'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = r.oid AND i.indisprimary AND i.indnkeyatts = 1 AND a.attname = 'id')
UNION ALL
SELECT r.relation, pg_catalog.format('%s.%s is not unique', r.relation, u.attributes)
  FROM (VALUES
    ('users', 'username'),
    ('users', 'email'),
    ('accounts', 'account_number'),
    ('ssot_api_contracts', 'canonical_name'),
    ('ssot_api_aliases', 'alias_name,context'),
    ('system_settings', 'setting_key'),
    ('ssot_governance_rules', 'rule_name'),
    ('user_sessions', 'session_token'),
    ('user_sessions', 'refresh_token')
       ) AS u (relation, attributes)
  JOIN relations r ON r.relation = u.relation AND r.relkind = 'r'
 WHERE NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_index i
         WHERE i.indrelid = r.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
           AND (SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY a.attname)
                  FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) = u.attributes)
UNION ALL
SELECT r.relation, pg_catalog.format('%s.%s does not reference %s.id', r.relation, f.attribute, f.target)
  FROM (VALUES
    ('accounts', 'user_id', 'users'),
    ('transactions', 'account_id', 'accounts'),
    ('ssot_api_aliases', 'contract_id', 'ssot_api_contracts'),
    ('api_keys', 'user_id', 'users'),
    ('notifications', 'user_id', 'users'),
    ('user_sessions', 'user_id', 'users'),
    ('audit_logs', 'user_id', 'users'),
    ('users', 'created_by', 'users'),
    ('users', 'updated_by', 'users'),
    ('accounts', 'created_by', 'users'),
    ('accounts', 'updated_by', 'users'),
    ('transactions', 'created_by', 'users'),
    ('transactions', 'updated_by', 'users'),
    ('system_settings', 'created_by', 'users'),
    ('system_settings', 'updated_by', 'users'),
    ('api_keys', 'created_by', 'users'),
    ('api_keys', 'updated_by', 'users'),
    ('notifications', 'created_by', 'users'),
    ('notifications', 'updated_by', 'users')
       ) AS f (relation, attribute, target)
  JOIN relations r ON r.relation = f.relation AND r.relkind = 'r'
 WHERE NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_constraint c
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.conrelid = r.oid AND c.contype = 'f' AND pg_catalog.array_length(c.conkey, 1) = 1
           AND a.attname = f.attribute AND c.confrelid = pg_catalog.to_regclass('public.' || f.target))
UNION ALL
SELECT r.relation, pg_catalog.format('%s.%s is not checked to be one of %s', r.relation, k.attribute,
                                     pg_catalog.array_to_string(k.choices, ', '))
  FROM (VALUES
    ('users', 'role', ARRAY['admin', 'auditor', 'manager', 'user', 'viewer']),
    ('accounts', 'account_type', ARRAY['checking', 'credit', 'investment', 'loan', 'savings']),
    ('transactions', 'transaction_type', ARRAY['deposit', 'fee', 'interest', 'payment', 'transfer', 'withdrawal']),
    ('transactions', 'status', ARRAY['cancelled', 'completed', 'failed', 'pending']),
    ('ssot_api_contracts', 'status', ARRAY['active', 'archived', 'deprecated']),
    ('ssot_api_aliases', 'alias_type', ARRAY['permanent', 'temporary']),
    ('notifications', 'notification_type', ARRAY['error', 'info', 'success', 'warning'])
       ) AS k (relation, attribute, choices)
  JOIN relations r ON r.relation = k.relation AND r.relkind = 'r'
 WHERE NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_constraint c
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.conrelid = r.oid AND c.contype = 'c' AND a.attname = k.attribute
           AND ARRAY(SELECT DISTINCT literal[1] COLLATE "C"
                       FROM pg_catalog.regexp_matches(pg_catalog.pg_get_constraintdef(c.oid),
                                                      '''([^'']*)''', 'g') AS literal
                      ORDER BY 1) = k.choices)
