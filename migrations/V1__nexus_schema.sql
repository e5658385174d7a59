-- The twelve tables of the NEXUS 3.0 schema, exactly as documented, and the trigger that keeps updated_at.
-- Written to adopt: on an existing NEXUS database only what is absent is created and no row is touched.

-- Whether this database existed before us decides whether a rollback may ever drop these tables; the history
-- table is the one thing that is ours in either case, so the answer is kept there.
DO $$
DECLARE
    found text;
BEGIN
    SELECT pg_catalog.string_agg(c.relname, ', ' ORDER BY c.relname) INTO found
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
       AND c.relname IN ('users', 'accounts', 'transactions', 'audit_logs', 'system_settings', 'ssot_api_contracts',
                         'ssot_api_aliases', 'ssot_audit_logs', 'ssot_governance_rules', 'api_keys', 'notifications',
                         'user_sessions');
    IF found IS NULL THEN
        COMMENT ON TABLE public.refinery_schema_history IS 'nexus: own';
    ELSE
        EXECUTE pg_catalog.format('COMMENT ON TABLE public.refinery_schema_history IS %L', 'nexus: adopted ' || found);
    END IF;
END
$$;

-- Search is faster with trigrams and works without them, so a server that lacks the extension, or a role that may
-- not install it, is no reason to stop.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE EXTENSION pg_trgm SCHEMA public;
        COMMENT ON EXTENSION pg_trgm IS 'nexus: installed by migration 1';
    END IF;
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'pg_trgm cannot be installed: search goes without its indexes (%)', SQLERRM;
END
$$;

CREATE TABLE IF NOT EXISTS public.users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    username      varchar(50) NOT NULL UNIQUE,
    email         varchar(255) NOT NULL UNIQUE,
    full_name     varchar(255) NOT NULL,
    password_hash varchar(255) NOT NULL,
    is_active     boolean DEFAULT true,
    is_verified   boolean DEFAULT false,
    role          varchar(50) DEFAULT 'user' CHECK (role IN ('admin', 'manager', 'user', 'viewer', 'auditor')),
    last_login    timestamptz,
    created_at    timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at    timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by    uuid REFERENCES public.users (id),
    updated_by    uuid REFERENCES public.users (id)
);

CREATE TABLE IF NOT EXISTS public.accounts (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid NOT NULL REFERENCES public.users (id),
    account_name   varchar(255) NOT NULL,
    account_type   varchar(50) NOT NULL
                   CHECK (account_type IN ('checking', 'savings', 'investment', 'credit', 'loan')),
    account_number varchar(50) NOT NULL UNIQUE,
    balance        decimal(15, 2) DEFAULT 0.00,
    currency       varchar(3) DEFAULT 'USD',
    is_active      boolean DEFAULT true,
    created_at     timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at     timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by     uuid REFERENCES public.users (id),
    updated_by     uuid REFERENCES public.users (id)
);

CREATE TABLE IF NOT EXISTS public.transactions (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id       uuid NOT NULL REFERENCES public.accounts (id),
    transaction_type varchar(50) NOT NULL
                     CHECK (transaction_type IN ('deposit', 'withdrawal', 'transfer', 'payment', 'fee', 'interest')),
    amount           decimal(15, 2) NOT NULL,
    description      text,
    reference_number varchar(100),
    status           varchar(20) DEFAULT 'pending'
                     CHECK (status IN ('pending', 'completed', 'failed', 'cancelled')),
    transaction_date timestamptz DEFAULT CURRENT_TIMESTAMP,
    processed_at     timestamptz,
    created_at       timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at       timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by       uuid REFERENCES public.users (id),
    updated_by       uuid REFERENCES public.users (id)
);

CREATE TABLE IF NOT EXISTS public.audit_logs (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_type varchar(100) NOT NULL,
    entity_id   uuid NOT NULL,
    action      varchar(50) NOT NULL,
    old_values  jsonb,
    new_values  jsonb,
    context     varchar(100),
    user_id     uuid REFERENCES public.users (id),
    ip_address  inet,
    user_agent  text,
    created_at  timestamptz DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS public.system_settings (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    setting_key   varchar(255) NOT NULL UNIQUE,
    setting_value jsonb NOT NULL,
    setting_type  varchar(50) NOT NULL,
    description   text,
    is_encrypted  boolean DEFAULT false,
    is_active     boolean DEFAULT true,
    created_at    timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at    timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by    uuid REFERENCES public.users (id),
    updated_by    uuid REFERENCES public.users (id)
);

CREATE TABLE IF NOT EXISTS public.ssot_api_contracts (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    canonical_name varchar(255) NOT NULL UNIQUE,
    version        varchar(50) NOT NULL,
    description    text,
    base_url       varchar(500) NOT NULL,
    status         varchar(20) DEFAULT 'active' CHECK (status IN ('active', 'deprecated', 'archived')),
    created_at     timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at     timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by     varchar(255) NOT NULL,
    updated_by     varchar(255) NOT NULL
);

CREATE TABLE IF NOT EXISTS public.ssot_api_aliases (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    contract_id uuid NOT NULL REFERENCES public.ssot_api_contracts (id),
    alias_name  varchar(255) NOT NULL,
    context     varchar(100) NOT NULL,
    alias_type  varchar(20) DEFAULT 'permanent' CHECK (alias_type IN ('permanent', 'temporary')),
    expires_at  timestamptz,
    description text,
    is_active   boolean DEFAULT true,
    created_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by  varchar(255) NOT NULL,
    updated_by  varchar(255) NOT NULL,
    UNIQUE (alias_name, context)
);

CREATE TABLE IF NOT EXISTS public.ssot_audit_logs (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_type varchar(100) NOT NULL,
    entity_id   uuid NOT NULL,
    action      varchar(50) NOT NULL,
    old_values  jsonb,
    new_values  jsonb,
    context     varchar(100),
    user_id     varchar(255),
    ip_address  inet,
    user_agent  text,
    created_at  timestamptz DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS public.ssot_governance_rules (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    rule_name   varchar(255) NOT NULL UNIQUE,
    rule_type   varchar(50) NOT NULL,
    rule_config jsonb NOT NULL,
    is_active   boolean DEFAULT true,
    created_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by  varchar(255) NOT NULL,
    updated_by  varchar(255) NOT NULL
);

CREATE TABLE IF NOT EXISTS public.api_keys (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES public.users (id),
    key_name    varchar(255) NOT NULL,
    key_hash    varchar(255) NOT NULL,
    permissions jsonb NOT NULL,
    is_active   boolean DEFAULT true,
    expires_at  timestamptz,
    last_used   timestamptz,
    created_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by  uuid REFERENCES public.users (id),
    updated_by  uuid REFERENCES public.users (id)
);

CREATE TABLE IF NOT EXISTS public.notifications (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL REFERENCES public.users (id),
    title             varchar(255) NOT NULL,
    message           text NOT NULL,
    notification_type varchar(50) NOT NULL CHECK (notification_type IN ('info', 'warning', 'error', 'success')),
    is_read           boolean DEFAULT false,
    is_urgent         boolean DEFAULT false,
    expires_at        timestamptz,
    created_at        timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at        timestamptz DEFAULT CURRENT_TIMESTAMP,
    created_by        uuid REFERENCES public.users (id),
    updated_by        uuid REFERENCES public.users (id)
);

CREATE TABLE IF NOT EXISTS public.user_sessions (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES public.users (id),
    session_token varchar(255) NOT NULL UNIQUE,
    refresh_token varchar(255) NOT NULL UNIQUE,
    ip_address    inet,
    user_agent    text,
    is_active     boolean DEFAULT true,
    expires_at    timestamptz NOT NULL,
    created_at    timestamptz DEFAULT CURRENT_TIMESTAMP,
    updated_at    timestamptz DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_users_username ON public.users (username);
CREATE INDEX IF NOT EXISTS idx_users_email ON public.users (email);
CREATE INDEX IF NOT EXISTS idx_users_active ON public.users (is_active);
CREATE INDEX IF NOT EXISTS idx_accounts_user_id ON public.accounts (user_id);
CREATE INDEX IF NOT EXISTS idx_accounts_type ON public.accounts (account_type);
CREATE INDEX IF NOT EXISTS idx_accounts_active ON public.accounts (is_active);
CREATE INDEX IF NOT EXISTS idx_transactions_account_id ON public.transactions (account_id);
CREATE INDEX IF NOT EXISTS idx_transactions_type ON public.transactions (transaction_type);
CREATE INDEX IF NOT EXISTS idx_transactions_status ON public.transactions (status);
CREATE INDEX IF NOT EXISTS idx_transactions_date ON public.transactions (transaction_date);
CREATE INDEX IF NOT EXISTS idx_audit_logs_entity ON public.audit_logs (entity_type, entity_id);
CREATE INDEX IF NOT EXISTS idx_audit_logs_created_at ON public.audit_logs (created_at);
CREATE INDEX IF NOT EXISTS idx_ssot_api_contracts_canonical_name ON public.ssot_api_contracts (canonical_name);
CREATE INDEX IF NOT EXISTS idx_ssot_api_contracts_status ON public.ssot_api_contracts (status);
CREATE INDEX IF NOT EXISTS idx_ssot_api_aliases_contract_id ON public.ssot_api_aliases (contract_id);
CREATE INDEX IF NOT EXISTS idx_ssot_api_aliases_alias_name ON public.ssot_api_aliases (alias_name);
CREATE INDEX IF NOT EXISTS idx_ssot_api_aliases_context ON public.ssot_api_aliases (context);
CREATE INDEX IF NOT EXISTS idx_ssot_api_aliases_active ON public.ssot_api_aliases (is_active);
CREATE INDEX IF NOT EXISTS idx_ssot_audit_logs_entity ON public.ssot_audit_logs (entity_type, entity_id);
CREATE INDEX IF NOT EXISTS idx_ssot_audit_logs_created_at ON public.ssot_audit_logs (created_at);
CREATE INDEX IF NOT EXISTS idx_ssot_governance_rules_active ON public.ssot_governance_rules (is_active);
CREATE INDEX IF NOT EXISTS idx_api_keys_user_id ON public.api_keys (user_id);
CREATE INDEX IF NOT EXISTS idx_api_keys_active ON public.api_keys (is_active);
CREATE INDEX IF NOT EXISTS idx_notifications_user_id ON public.notifications (user_id);
CREATE INDEX IF NOT EXISTS idx_notifications_read ON public.notifications (is_read);
CREATE INDEX IF NOT EXISTS idx_sessions_user_id ON public.user_sessions (user_id);
CREATE INDEX IF NOT EXISTS idx_sessions_active ON public.user_sessions (is_active);
CREATE INDEX IF NOT EXISTS idx_sessions_expires ON public.user_sessions (expires_at);

CREATE OR REPLACE FUNCTION public.update_updated_at_column() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END
$$;

DO $$
DECLARE
    documented text;
BEGIN
    FOREACH documented IN ARRAY ARRAY['users', 'accounts', 'transactions', 'system_settings', 'ssot_api_contracts',
                                      'ssot_api_aliases', 'ssot_governance_rules', 'api_keys', 'notifications',
                                      'user_sessions']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column()',
            'update_' || documented || '_updated_at', documented);
    END LOOP;
END
$$;
