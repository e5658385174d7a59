-- Back to the indexes of before. Those still being built are waited for; a name that is somebody else's stays.
DO $$
DECLARE
    ours record;
BEGIN
    FOR ours IN
        SELECT wanted.name
          FROM public.nexus_indexes() AS wanted
          JOIN pg_catalog.pg_index i ON i.indexrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', wanted.name))
         WHERE wanted.relation = 'audit_details' AND i.indrelid = 'public.audit_details'::pg_catalog.regclass
    LOOP
        EXECUTE pg_catalog.format('DROP INDEX public.%I', ours.name);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION public.nexus_indexes() RETURNS TABLE (name text, relation text, definition text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    VALUES
        ('nexus_users_username', 'users', '(username, id)'),
        ('nexus_users_full_name', 'users', '(full_name, id)'),
        ('nexus_users_email', 'users', '(email, id)'),
        ('nexus_users_role', 'users', '(role, id)'),
        ('nexus_users_is_active', 'users', '(is_active, id)'),
        ('nexus_users_is_verified', 'users', '(is_verified, id)'),
        ('nexus_users_last_login', 'users', '(last_login, id)'),
        ('nexus_users_created_at', 'users', '(created_at, id)'),
        ('nexus_users_updated_at', 'users', '(updated_at, id)'),
        ('nexus_users_created_by', 'users', '(created_by, id)'),
        ('nexus_users_updated_by', 'users', '(updated_by, id)'),

        ('nexus_accounts_user_id', 'accounts', '(user_id, account_name, id)'),
        ('nexus_accounts_account_name', 'accounts', '(account_name, id)'),
        ('nexus_accounts_account_number', 'accounts', '(account_number, id)'),
        ('nexus_accounts_account_type', 'accounts', '(account_type, id)'),
        ('nexus_accounts_balance', 'accounts', '(balance, id)'),
        ('nexus_accounts_currency', 'accounts', '(currency, id)'),
        ('nexus_accounts_is_active', 'accounts', '(is_active, id)'),
        ('nexus_accounts_created_at', 'accounts', '(created_at, id)'),
        ('nexus_accounts_updated_at', 'accounts', '(updated_at, id)'),
        ('nexus_accounts_created_by', 'accounts', '(created_by, id)'),
        ('nexus_accounts_updated_by', 'accounts', '(updated_by, id)'),

        ('nexus_transactions_account_id', 'transactions', '(account_id, transaction_date, id)'),
        -- Filtered by one of these, the list stands in its own order at once, whatever the value and however rare.
        ('nexus_transactions_type_in_order', 'transactions', '(transaction_type, transaction_date, id)'),
        ('nexus_transactions_status_in_order', 'transactions', '(status, transaction_date, id)'),
        -- References begin by type: in their order, the rows of one type stand in one place.
        ('nexus_transactions_type_reference', 'transactions', '(transaction_type, reference_number, id)'),
        -- Trigrams tell nothing of texts that are absent.
        ('nexus_transactions_no_description', 'transactions', '(transaction_date, id) WHERE description IS NULL'),
        ('nexus_transactions_transaction_type', 'transactions', '(transaction_type, id)'),
        -- What waits is a handful among millions: the queue reads it in either order without touching the rest.
        ('nexus_transactions_pending', 'transactions', '(created_at, id) WHERE status = ''pending'''),
        ('nexus_transactions_pending_amount', 'transactions', '(amount, id) WHERE status = ''pending'''),
        ('nexus_transactions_pending_account', 'transactions', '(account_id) WHERE status = ''pending'''),
        ('nexus_transactions_amount', 'transactions', '(amount, id)'),
        ('nexus_transactions_status', 'transactions', '(status, id)'),
        ('nexus_transactions_reference_number', 'transactions', '(reference_number, id)'),
        ('nexus_transactions_transaction_date', 'transactions', '(transaction_date, id)'),
        ('nexus_transactions_processed_at', 'transactions', '(processed_at, id)'),
        ('nexus_transactions_created_at', 'transactions', '(created_at, id)'),
        ('nexus_transactions_updated_at', 'transactions', '(updated_at, id)'),
        ('nexus_transactions_created_by', 'transactions', '(created_by, transaction_date, id)'),
        ('nexus_transactions_updated_by', 'transactions', '(updated_by, transaction_date, id)'),

        ('nexus_audit_logs_created_at', 'audit_logs', '(created_at, id)'),
        ('nexus_audit_logs_entity', 'audit_logs', '(entity_id, entity_type, created_at, id)'),
        ('nexus_audit_logs_user_id', 'audit_logs', '(user_id, created_at, id)'),
        ('nexus_audit_logs_type_in_order', 'audit_logs', '(entity_type, created_at, id)'),
        ('nexus_audit_logs_action_in_order', 'audit_logs', '(action, created_at, id)'),
        ('nexus_audit_logs_context', 'audit_logs', '(context, created_at, id)'),
        ('nexus_audit_logs_ip_address', 'audit_logs', '(ip_address, created_at, id)'),

        ('nexus_ssot_audit_logs_created_at', 'ssot_audit_logs', '(created_at, id)'),
        ('nexus_ssot_audit_logs_entity', 'ssot_audit_logs', '(entity_id, entity_type, created_at, id)'),
        ('nexus_ssot_audit_logs_user_id', 'ssot_audit_logs', '(user_id, created_at, id)'),
        ('nexus_ssot_audit_logs_type_in_order', 'ssot_audit_logs', '(entity_type, created_at, id)'),
        ('nexus_ssot_audit_logs_action_in_order', 'ssot_audit_logs', '(action, created_at, id)'),
        ('nexus_ssot_audit_logs_context', 'ssot_audit_logs', '(context, created_at, id)'),
        ('nexus_ssot_audit_logs_ip_address', 'ssot_audit_logs', '(ip_address, created_at, id)'),

        ('nexus_system_settings_setting_key', 'system_settings', '(setting_key, id)'),
        ('nexus_system_settings_created_at', 'system_settings', '(created_at, id)'),
        ('nexus_system_settings_updated_at', 'system_settings', '(updated_at, id)'),
        ('nexus_system_settings_created_by', 'system_settings', '(created_by, id)'),
        ('nexus_system_settings_updated_by', 'system_settings', '(updated_by, id)'),

        ('nexus_ssot_api_contracts_canonical_name', 'ssot_api_contracts', '(canonical_name, id)'),
        ('nexus_ssot_api_contracts_version', 'ssot_api_contracts', '(version, id)'),
        ('nexus_ssot_api_contracts_status', 'ssot_api_contracts', '(status, id)'),
        ('nexus_ssot_api_contracts_created_at', 'ssot_api_contracts', '(created_at, id)'),
        ('nexus_ssot_api_contracts_updated_at', 'ssot_api_contracts', '(updated_at, id)'),

        ('nexus_ssot_api_aliases_contract_id', 'ssot_api_aliases', '(contract_id, id)'),
        ('nexus_ssot_api_aliases_alias_name', 'ssot_api_aliases', '(alias_name, id)'),
        ('nexus_ssot_api_aliases_context', 'ssot_api_aliases', '(context, id)'),
        ('nexus_ssot_api_aliases_expires_at', 'ssot_api_aliases', '(expires_at, id)'),
        ('nexus_ssot_api_aliases_created_at', 'ssot_api_aliases', '(created_at, id)'),
        ('nexus_ssot_api_aliases_updated_at', 'ssot_api_aliases', '(updated_at, id)'),

        ('nexus_ssot_governance_rules_rule_name', 'ssot_governance_rules', '(rule_name, id)'),
        ('nexus_ssot_governance_rules_rule_type', 'ssot_governance_rules', '(rule_type, id)'),
        ('nexus_ssot_governance_rules_created_at', 'ssot_governance_rules', '(created_at, id)'),
        ('nexus_ssot_governance_rules_updated_at', 'ssot_governance_rules', '(updated_at, id)'),

        ('nexus_api_keys_user_id', 'api_keys', '(user_id, id)'),
        ('nexus_api_keys_key_name', 'api_keys', '(key_name, id)'),
        ('nexus_api_keys_expires_at', 'api_keys', '(expires_at, id)'),
        ('nexus_api_keys_last_used', 'api_keys', '(last_used, id)'),
        ('nexus_api_keys_created_at', 'api_keys', '(created_at, id)'),
        ('nexus_api_keys_updated_at', 'api_keys', '(updated_at, id)'),
        ('nexus_api_keys_created_by', 'api_keys', '(created_by, id)'),
        ('nexus_api_keys_updated_by', 'api_keys', '(updated_by, id)'),

        ('nexus_notifications_user_id', 'notifications', '(user_id, created_at, id)'),
        -- Counted with every page; whoever has read thousands has few of these.
        ('nexus_notifications_unread', 'notifications', '(user_id) WHERE is_read IS NOT TRUE'),
        ('nexus_notifications_title', 'notifications', '(title, id)'),
        ('nexus_notifications_expires_at', 'notifications', '(expires_at, id)'),
        ('nexus_notifications_created_at', 'notifications', '(created_at, id)'),
        ('nexus_notifications_updated_at', 'notifications', '(updated_at, id)'),
        ('nexus_notifications_created_by', 'notifications', '(created_by, id)'),
        ('nexus_notifications_updated_by', 'notifications', '(updated_by, id)'),

        ('nexus_user_sessions_user_id', 'user_sessions', '(user_id, id)'),
        ('nexus_user_sessions_expires_at', 'user_sessions', '(expires_at, id)'),
        ('nexus_user_sessions_created_at', 'user_sessions', '(created_at, id)'),
        ('nexus_user_sessions_updated_at', 'user_sessions', '(updated_at, id)'),

        -- Search by one or two letters, which have no trigrams: how a text begins.
        ('nexus_users_username_beginning', 'users', '(lower("left"(username, 2)) text_pattern_ops)'),
        ('nexus_users_full_name_beginning', 'users', '(lower("left"(full_name, 2)) text_pattern_ops)'),
        ('nexus_users_email_beginning', 'users', '(lower("left"(email, 2)) text_pattern_ops)'),
        ('nexus_accounts_account_name_beginning', 'accounts', '(lower("left"(account_name, 2)) text_pattern_ops)'),
        ('nexus_accounts_account_number_beginning', 'accounts', '(lower("left"(account_number, 2)) text_pattern_ops)'),
        ('nexus_transactions_reference_number_beginning', 'transactions', '(lower("left"(reference_number, 2)) text_pattern_ops)'),
        ('nexus_transactions_description_beginning', 'transactions', '(lower("left"(description, 2)) text_pattern_ops)')
    UNION ALL
    -- Search by part of a word. Where the extension lives is the database's affair, so its operators are looked up;
    -- without it there are none to wish for.
    SELECT 'nexus_' || searchable.relation || '_search', searchable.relation,
           'USING gin (' || (SELECT string_agg(format('%I %I.gin_trgm_ops', attribute, n.nspname), ', ' ORDER BY place)
                               FROM unnest(searchable.attributes) WITH ORDINALITY AS listed (attribute, place)) || ')'
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace
     CROSS JOIN (VALUES
        ('users', ARRAY['username', 'full_name', 'email']),
        ('accounts', ARRAY['account_name', 'account_number']),
        ('transactions', ARRAY['reference_number', 'description']),
        ('ssot_api_contracts', ARRAY['canonical_name', 'description', 'base_url']),
        ('ssot_api_aliases', ARRAY['alias_name', 'description']),
        ('ssot_governance_rules', ARRAY['rule_name']),
        ('system_settings', ARRAY['setting_key', 'description']),
        ('api_keys', ARRAY['key_name']),
        ('notifications', ARRAY['title', 'message'])
     ) AS searchable (relation, attributes)
     WHERE e.extname = 'pg_trgm'
$$;
