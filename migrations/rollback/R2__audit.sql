-- Back to tables whose changes nobody records. The details go with their table; the entries themselves stay.
DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['users', 'accounts', 'transactions', 'system_settings', 'ssot_api_contracts',
                                   'ssot_api_aliases', 'ssot_governance_rules', 'api_keys', 'notifications',
                                   'user_sessions']
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON public.%I', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format('DROP TRIGGER nexus_no_truncate ON public.%I', subject);
        IF subject <> 'user_sessions' THEN
            EXECUTE pg_catalog.format('DROP TRIGGER nexus_stamp ON public.%I', subject);
        END IF;
    END LOOP;
    FOREACH subject IN ARRAY ARRAY['audit_logs', 'ssot_audit_logs']
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER nexus_append_only ON public.%I', subject);
        EXECUTE pg_catalog.format('DROP TRIGGER nexus_entry ON public.%I', subject);
    END LOOP;
END
$$;

DROP TABLE public.audit_details;
DROP FUNCTION public.nexus_stamp();
DROP FUNCTION public.nexus_append_only();
DROP FUNCTION public.nexus_entry();
DROP FUNCTION public.nexus_event(text, jsonb);
DROP FUNCTION public.log_ssot_changes();
DROP FUNCTION public.nexus_conceal(uuid, text, text);
DROP FUNCTION public.nexus_actor();
DROP FUNCTION public.nexus_setting(text);
DROP FUNCTION public.nexus_is_console();
DROP FUNCTION public.nexus_uuid7();
