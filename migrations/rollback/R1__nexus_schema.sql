-- Back to a database without NEXUS. Never reached on an adopted one: the program refuses, and so does this.
DO $$
BEGIN
    IF pg_catalog.obj_description('public.refinery_schema_history'::pg_catalog.regclass, 'pg_class')
       LIKE 'nexus: adopted%' THEN
        RAISE EXCEPTION 'these tables were here before the console: they are not dropped';
    END IF;
END
$$;

DROP TABLE public.user_sessions, public.notifications, public.api_keys, public.ssot_governance_rules,
           public.ssot_audit_logs, public.ssot_api_aliases, public.ssot_api_contracts, public.system_settings,
           public.audit_logs, public.transactions, public.accounts, public.users;

DROP FUNCTION public.update_updated_at_column();

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_extension e
                WHERE e.extname = 'pg_trgm'
                  AND pg_catalog.obj_description(e.oid, 'pg_extension') = 'nexus: installed by migration 1') THEN
        DROP EXTENSION pg_trgm;
    END IF;
END
$$;

COMMENT ON TABLE public.refinery_schema_history IS NULL;
