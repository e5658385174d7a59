-- What sorting, paging and every foreign key need. A list is sorted by (column, id), so each of these serves both
-- directions and the place a page ended at.
CREATE INDEX IF NOT EXISTS nexus_users_username ON public.users (username, id);
CREATE INDEX IF NOT EXISTS nexus_users_full_name ON public.users (full_name, id);
CREATE INDEX IF NOT EXISTS nexus_users_email ON public.users (email, id);
CREATE INDEX IF NOT EXISTS nexus_users_role ON public.users (role, id);
CREATE INDEX IF NOT EXISTS nexus_users_is_active ON public.users (is_active, id);
CREATE INDEX IF NOT EXISTS nexus_users_is_verified ON public.users (is_verified, id);
CREATE INDEX IF NOT EXISTS nexus_users_last_login ON public.users (last_login, id);
CREATE INDEX IF NOT EXISTS nexus_users_created_at ON public.users (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_users_updated_at ON public.users (updated_at, id);
CREATE INDEX IF NOT EXISTS nexus_users_created_by ON public.users (created_by, id);
CREATE INDEX IF NOT EXISTS nexus_users_updated_by ON public.users (updated_by, id);

CREATE INDEX IF NOT EXISTS nexus_accounts_user_id ON public.accounts (user_id, account_name, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_account_name ON public.accounts (account_name, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_account_number ON public.accounts (account_number, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_account_type ON public.accounts (account_type, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_balance ON public.accounts (balance, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_currency ON public.accounts (currency, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_is_active ON public.accounts (is_active, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_created_at ON public.accounts (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_updated_at ON public.accounts (updated_at, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_created_by ON public.accounts (created_by, id);
CREATE INDEX IF NOT EXISTS nexus_accounts_updated_by ON public.accounts (updated_by, id);

CREATE INDEX IF NOT EXISTS nexus_transactions_account_id ON public.transactions (account_id, transaction_date, id);
-- Filtered by one of these, the list stands in its own order at once, whatever the value and however rare.
CREATE INDEX IF NOT EXISTS nexus_transactions_type_in_order ON public.transactions (transaction_type, transaction_date, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_status_in_order ON public.transactions (status, transaction_date, id);
-- References begin by type: in their order, the rows of one type stand in one place.
CREATE INDEX IF NOT EXISTS nexus_transactions_type_reference ON public.transactions (transaction_type, reference_number, id);
-- Trigrams tell nothing of texts that are absent.
CREATE INDEX IF NOT EXISTS nexus_transactions_no_description ON public.transactions (transaction_date, id) WHERE description IS NULL;
CREATE INDEX IF NOT EXISTS nexus_transactions_transaction_type ON public.transactions (transaction_type, id);
-- What waits is a handful among millions: the queue reads it in either order without touching the rest.
CREATE INDEX IF NOT EXISTS nexus_transactions_pending ON public.transactions (created_at, id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS nexus_transactions_pending_amount ON public.transactions (amount, id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS nexus_transactions_pending_account ON public.transactions (account_id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS nexus_transactions_amount ON public.transactions (amount, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_status ON public.transactions (status, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_reference_number ON public.transactions (reference_number, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_transaction_date ON public.transactions (transaction_date, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_processed_at ON public.transactions (processed_at, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_created_at ON public.transactions (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_updated_at ON public.transactions (updated_at, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_created_by ON public.transactions (created_by, transaction_date, id);
CREATE INDEX IF NOT EXISTS nexus_transactions_updated_by ON public.transactions (updated_by, transaction_date, id);

CREATE INDEX IF NOT EXISTS nexus_audit_logs_created_at ON public.audit_logs (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_audit_logs_entity
    ON public.audit_logs (entity_id, entity_type, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_audit_logs_user_id ON public.audit_logs (user_id, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_audit_logs_type_in_order ON public.audit_logs (entity_type, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_audit_logs_action_in_order ON public.audit_logs (action, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_audit_logs_context ON public.audit_logs (context, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_audit_logs_ip_address ON public.audit_logs (ip_address, created_at, id);

CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_created_at ON public.ssot_audit_logs (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_entity
    ON public.ssot_audit_logs (entity_id, entity_type, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_user_id ON public.ssot_audit_logs (user_id, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_type_in_order ON public.ssot_audit_logs (entity_type, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_action_in_order ON public.ssot_audit_logs (action, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_context ON public.ssot_audit_logs (context, created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_audit_logs_ip_address ON public.ssot_audit_logs (ip_address, created_at, id);

CREATE INDEX IF NOT EXISTS nexus_system_settings_setting_key ON public.system_settings (setting_key, id);
CREATE INDEX IF NOT EXISTS nexus_system_settings_created_at ON public.system_settings (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_system_settings_updated_at ON public.system_settings (updated_at, id);
CREATE INDEX IF NOT EXISTS nexus_system_settings_created_by ON public.system_settings (created_by, id);
CREATE INDEX IF NOT EXISTS nexus_system_settings_updated_by ON public.system_settings (updated_by, id);

CREATE INDEX IF NOT EXISTS nexus_ssot_api_contracts_canonical_name ON public.ssot_api_contracts (canonical_name, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_contracts_version ON public.ssot_api_contracts (version, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_contracts_status ON public.ssot_api_contracts (status, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_contracts_created_at ON public.ssot_api_contracts (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_contracts_updated_at ON public.ssot_api_contracts (updated_at, id);

CREATE INDEX IF NOT EXISTS nexus_ssot_api_aliases_contract_id ON public.ssot_api_aliases (contract_id, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_aliases_alias_name ON public.ssot_api_aliases (alias_name, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_aliases_context ON public.ssot_api_aliases (context, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_aliases_expires_at ON public.ssot_api_aliases (expires_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_aliases_created_at ON public.ssot_api_aliases (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_api_aliases_updated_at ON public.ssot_api_aliases (updated_at, id);

CREATE INDEX IF NOT EXISTS nexus_ssot_governance_rules_rule_name ON public.ssot_governance_rules (rule_name, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_governance_rules_rule_type ON public.ssot_governance_rules (rule_type, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_governance_rules_created_at ON public.ssot_governance_rules (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_ssot_governance_rules_updated_at ON public.ssot_governance_rules (updated_at, id);

CREATE INDEX IF NOT EXISTS nexus_api_keys_user_id ON public.api_keys (user_id, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_key_name ON public.api_keys (key_name, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_expires_at ON public.api_keys (expires_at, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_last_used ON public.api_keys (last_used, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_created_at ON public.api_keys (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_updated_at ON public.api_keys (updated_at, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_created_by ON public.api_keys (created_by, id);
CREATE INDEX IF NOT EXISTS nexus_api_keys_updated_by ON public.api_keys (updated_by, id);

CREATE INDEX IF NOT EXISTS nexus_notifications_user_id ON public.notifications (user_id, created_at, id);
-- Counted with every page; whoever has read thousands has few of these.
CREATE INDEX IF NOT EXISTS nexus_notifications_unread ON public.notifications (user_id) WHERE is_read IS NOT TRUE;
CREATE INDEX IF NOT EXISTS nexus_notifications_title ON public.notifications (title, id);
CREATE INDEX IF NOT EXISTS nexus_notifications_expires_at ON public.notifications (expires_at, id);
CREATE INDEX IF NOT EXISTS nexus_notifications_created_at ON public.notifications (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_notifications_updated_at ON public.notifications (updated_at, id);
CREATE INDEX IF NOT EXISTS nexus_notifications_created_by ON public.notifications (created_by, id);
CREATE INDEX IF NOT EXISTS nexus_notifications_updated_by ON public.notifications (updated_by, id);

CREATE INDEX IF NOT EXISTS nexus_user_sessions_user_id ON public.user_sessions (user_id, id);
CREATE INDEX IF NOT EXISTS nexus_user_sessions_expires_at ON public.user_sessions (expires_at, id);
CREATE INDEX IF NOT EXISTS nexus_user_sessions_created_at ON public.user_sessions (created_at, id);
CREATE INDEX IF NOT EXISTS nexus_user_sessions_updated_at ON public.user_sessions (updated_at, id);

-- Search by one or two letters, which have no trigrams: how a text begins.
CREATE INDEX IF NOT EXISTS nexus_users_username_beginning ON public.users (lower("left"(username, 2)) text_pattern_ops);
CREATE INDEX IF NOT EXISTS nexus_users_full_name_beginning ON public.users (lower("left"(full_name, 2)) text_pattern_ops);
CREATE INDEX IF NOT EXISTS nexus_users_email_beginning ON public.users (lower("left"(email, 2)) text_pattern_ops);
CREATE INDEX IF NOT EXISTS nexus_accounts_account_name_beginning ON public.accounts (lower("left"(account_name, 2)) text_pattern_ops);
CREATE INDEX IF NOT EXISTS nexus_accounts_account_number_beginning ON public.accounts (lower("left"(account_number, 2)) text_pattern_ops);
CREATE INDEX IF NOT EXISTS nexus_transactions_reference_number_beginning ON public.transactions (lower("left"(reference_number, 2)) text_pattern_ops);
CREATE INDEX IF NOT EXISTS nexus_transactions_description_beginning ON public.transactions (lower("left"(description, 2)) text_pattern_ops);

-- Search by part of a word. Where the extension lives is the database's affair, so its operators are looked up.
DO $$
DECLARE
    home   text;
    wanted record;
BEGIN
    SELECT n.nspname INTO home
      FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_trgm';
    IF home IS NULL THEN
        RAISE NOTICE 'pg_trgm is absent: search goes without its indexes';
        RETURN;
    END IF;
    FOR wanted IN
        SELECT relation, attributes
          FROM (VALUES
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
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE INDEX IF NOT EXISTS %I ON public.%I USING gin (%s)',
            'nexus_' || wanted.relation || '_search', wanted.relation,
            (SELECT pg_catalog.string_agg(pg_catalog.format('%I %I.gin_trgm_ops', attribute, home), ', ' ORDER BY place)
               FROM pg_catalog.unnest(wanted.attributes) WITH ORDINALITY AS listed (attribute, place)));
    END LOOP;
END
$$;
