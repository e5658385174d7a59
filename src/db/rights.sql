-- What the serving role may do, and nothing else. Applied whole at every start, in one transaction, so that a right
-- somebody added by hand does not outlive the day and no instance ever sees the role without its rights.
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('nexus: rights', 0));

DO $$
DECLARE
    -- What only functions and triggers of the owner write.
    read_only  constant text[] := ARRAY['audit_logs', 'ssot_audit_logs', 'audit_details', 'transaction_approvals',
                                        'transaction_transfers', 'transaction_reversals', 'transaction_questions',
                                        'expiry_holds', 'account_ledger', 'account_ledger_corrections',
                                        'ledger_decisions', 'nexus_ledger', 'refinery_schema_history',
                                        'audit_unsealed', 'audit_leaves', 'audit_tiles', 'audit_checkpoints', 'audit_sweep'];
    kept       constant text[] := ARRAY['users', 'transactions', 'decision_runs', 'decision_run_items', 'ledger_checks',
                                        'access_reviews', 'access_review_verdicts'];
    -- Only ever added to.
    added      constant text[] := ARRAY['entry_annotations', 'review_marks'];
    stamped    text[];
    subject    text;
    insertable text;
    updatable  text;
BEGIN
    IF NOT pg_catalog.has_database_privilege('nexus_app', pg_catalog.current_database(), 'CONNECT') THEN
        EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO nexus_app', pg_catalog.current_database());
    END IF;
    IF NOT pg_catalog.has_schema_privilege('nexus_app', 'public', 'USAGE') THEN
        GRANT USAGE ON SCHEMA public TO nexus_app;
    END IF;

    -- A table that a migration of ours adds to the console carries our stamp; the platform's own tables do not.
    SELECT coalesce(pg_catalog.array_agg(DISTINCT c.relname::text), '{}') INTO stamped
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
     WHERE t.tgfoid = pg_catalog.to_regprocedure('public.nexus_stamp()')
       AND c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relname <> ALL (kept);

    FOREACH subject IN ARRAY read_only || kept || added || stamped || ARRAY['user_sessions', 'console_preferences',
        'session_state', 'one_time_links', 'account_limits']
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON public.%I FROM nexus_app', subject);
        EXECUTE pg_catalog.format('GRANT SELECT ON public.%I TO nexus_app', subject);
        CONTINUE WHEN subject = ANY (read_only);

        -- The door's columns are written by its functions alone; who made a record and when is never rewritten.
        SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum),
               pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
                   FILTER (WHERE a.attname NOT IN ('id', 'created_at', 'created_by'))
          INTO insertable, updatable
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = pg_catalog.to_regclass('public.' || subject) AND a.attnum > 0 AND NOT a.attisdropped
           AND NOT (subject = 'transactions' AND a.attname IN ('status', 'processed_at'))
           AND NOT (subject = 'accounts' AND a.attname = 'balance');
        IF subject = ANY (added) THEN
            EXECUTE pg_catalog.format('GRANT INSERT (%s) ON public.%I TO nexus_app', insertable, subject);
            CONTINUE;
        END IF;
        EXECUTE pg_catalog.format('GRANT INSERT (%s), UPDATE (%s) ON public.%I TO nexus_app',
                                  insertable, updatable, subject);
        IF subject <> ALL (kept) THEN
            EXECUTE pg_catalog.format('GRANT DELETE ON public.%I TO nexus_app', subject);
        END IF;
    END LOOP;

    GRANT EXECUTE ON FUNCTION public.nexus_event(text, jsonb), public.nexus_decide(uuid, text, text, text),
                              public.nexus_ask(uuid, text, text), public.nexus_answer(uuid, text),
                              public.nexus_transfer(uuid, uuid, uuid, numeric, text, text),
                              public.nexus_reverse(uuid, uuid, text), public.nexus_release_expiry(),
                              public.nexus_check_account(uuid),
                              public.nexus_resolve_drift(uuid, text, numeric, text),
                              public.nexus_indexes(), public.nexus_missing_indexes(),
                              public.nexus_seal(bigint, text[], uuid[], boolean[], smallint[], bigint[], bytea[], bytea, text),
                              public.nexus_unqueue(text[], uuid[]), public.nexus_sweep_to(text, uuid),
                              public.nexus_sweep_again()
       TO nexus_app;
END
$$;

-- TEMP, and before PostgreSQL 15 CREATE in public, come to every role through PUBLIC. Whoever had them there keeps
-- them by name; the serving role loses them.
DO $$
DECLARE
    other text;
BEGIN
    IF pg_catalog.has_database_privilege('nexus_app', pg_catalog.current_database(), 'TEMP')
       AND EXISTS (SELECT 1 FROM pg_catalog.pg_database d
                    WHERE d.datname = pg_catalog.current_database() AND pg_catalog.pg_has_role(d.datdba, 'USAGE')) THEN
        FOR other IN
            SELECT r.rolname FROM pg_catalog.pg_roles r
             WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> 'nexus_app'
               AND pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'TEMP')
        LOOP
            EXECUTE pg_catalog.format('GRANT TEMP ON DATABASE %I TO %I', pg_catalog.current_database(), other);
        END LOOP;
        EXECUTE pg_catalog.format('REVOKE TEMP ON DATABASE %I FROM PUBLIC, nexus_app', pg_catalog.current_database());
    END IF;

    IF pg_catalog.has_schema_privilege('nexus_app', 'public', 'CREATE')
       AND EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n
                    WHERE n.nspname = 'public' AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')) THEN
        FOR other IN
            SELECT r.rolname FROM pg_catalog.pg_roles r
             WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> 'nexus_app'
               AND pg_catalog.has_schema_privilege(r.oid, 'public', 'CREATE')
        LOOP
            EXECUTE pg_catalog.format('GRANT CREATE ON SCHEMA public TO %I', other);
        END LOOP;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC, nexus_app;
    END IF;
END
$$;
