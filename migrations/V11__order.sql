-- The entries of a record stand in the order in which it was written. The time a transaction began at does not say it:
-- of two that wait for the same row the earlier one may write last, and all entries of one have the same. So an entry
-- has the time of its own write, which the lock on the row puts in order; and where two meet within a microsecond's
-- reach, ids know which came first. And a key's first use is no mere read: from then on somebody has it.

-- RFC 9562, 6.2, method 3: the 12 bits behind the version count 4096ths of a millisecond.
CREATE OR REPLACE FUNCTION public.nexus_uuid7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000 * 4096)::bigint), 15, '0')
                    PLACING '7' FROM 13 FOR 0)
            || substr(gen_random_uuid()::text, 20))::uuid;

-- As the second migration has it, with the time, and with the first use of a key.
CREATE OR REPLACE FUNCTION public.log_ssot_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    entry      uuid := public.nexus_uuid7();
    written_at timestamptz := clock_timestamp();
    actor      record;
    old_row    jsonb;
    new_row    jsonb;
    secrets    text[] := '{}';
    documents  text[] := '{}';
    secret     text;
    context    text := public.nexus_setting('context');
    ip_address inet := public.nexus_setting('ip')::inet;
    user_agent text := public.nexus_setting('agent');
BEGIN
    SELECT a.kind, a.user_id, a.name INTO actor FROM public.nexus_actor() a;
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW);
    END IF;

    -- The only exception: staying logged in and using a key again are reads to whoever does them.
    IF TG_OP = 'UPDATE' AND (
           (TG_TABLE_NAME = 'user_sessions'
            AND old_row - 'expires_at' - 'updated_at' = new_row - 'expires_at' - 'updated_at')
        OR (TG_TABLE_NAME = 'api_keys' AND old_row ->> 'last_used' IS NOT NULL
            AND old_row - 'last_used' - 'updated_at' = new_row - 'last_used' - 'updated_at')) THEN
        RETURN NULL;
    END IF;

    CASE TG_TABLE_NAME
        WHEN 'users' THEN secrets := ARRAY['password_hash'];
        WHEN 'api_keys' THEN secrets := ARRAY['key_hash'];
        WHEN 'user_sessions' THEN secrets := ARRAY['session_token', 'refresh_token'];
        WHEN 'one_time_links' THEN secrets := ARRAY['token_hash'];
        WHEN 'session_state' THEN documents := ARRAY['state'];
        WHEN 'system_settings' THEN
            -- A value that was or becomes encrypted is a secret on both sides.
            IF coalesce((old_row ->> 'is_encrypted')::boolean, false)
               OR coalesce((new_row ->> 'is_encrypted')::boolean, false) THEN
                documents := ARRAY['setting_value'];
            END IF;
        ELSE NULL;
    END CASE;
    FOREACH secret IN ARRAY secrets LOOP
        IF old_row ->> secret IS NOT NULL THEN
            old_row := jsonb_set(old_row, ARRAY[secret], public.nexus_conceal(entry, secret, old_row ->> secret));
        END IF;
        IF new_row ->> secret IS NOT NULL THEN
            new_row := jsonb_set(new_row, ARRAY[secret], public.nexus_conceal(entry, secret, new_row ->> secret));
        END IF;
    END LOOP;
    FOREACH secret IN ARRAY documents LOOP
        IF old_row IS NOT NULL THEN
            old_row := jsonb_set(old_row, ARRAY[secret],
                                 public.nexus_conceal(entry, secret, (old_row -> secret)::text));
        END IF;
        IF new_row IS NOT NULL THEN
            new_row := jsonb_set(new_row, ARRAY[secret],
                                 public.nexus_conceal(entry, secret, (new_row -> secret)::text));
        END IF;
    END LOOP;

    IF context NOT IN ('console', 'api', 'job') THEN
        context := NULL;
    END IF;
    IF starts_with(TG_TABLE_NAME, 'ssot_') THEN
        INSERT INTO public.ssot_audit_logs (id, entity_type, entity_id, action, old_values, new_values, context,
                                            user_id, ip_address, created_at, user_agent)
        VALUES (entry, TG_TABLE_NAME, (coalesce(new_row, old_row) ->> 'id')::uuid, TG_OP, old_row, new_row, context,
                coalesce(actor.user_id::text, actor.kind || ':' || actor.name), ip_address, written_at, user_agent);
    ELSE
        INSERT INTO public.audit_logs (id, entity_type, entity_id, action, old_values, new_values, context,
                                       user_id, ip_address, created_at, user_agent)
        VALUES (entry, TG_TABLE_NAME, (coalesce(new_row, old_row) ->> 'id')::uuid, TG_OP, old_row, new_row, context,
                actor.user_id, ip_address, written_at, user_agent);
    END IF;
    RETURN NULL;
END
$$;

-- As the second migration has it, with the time.
CREATE OR REPLACE FUNCTION public.nexus_event(action text, details jsonb DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry   uuid := public.nexus_uuid7();
    actor   record;
    context text := public.nexus_setting('context');
BEGIN
    IF action IS NULL OR action !~ '^[a-z][a-z0-9_]{0,49}$' THEN
        RAISE EXCEPTION 'an event is named in lower snake case'
            USING ERRCODE = 'NX012', CONSTRAINT = 'nexus_event_action';
    END IF;
    SELECT a.kind, a.user_id, a.name INTO actor FROM public.nexus_actor() a;
    IF context NOT IN ('console', 'api', 'job') THEN
        context := NULL;
    END IF;
    INSERT INTO public.audit_logs (id, entity_type, entity_id, action, new_values, context, user_id, ip_address,
                                   created_at, user_agent)
    VALUES (entry, 'event', '00000000-0000-0000-0000-000000000000', nexus_event.action, nexus_event.details, context,
            actor.user_id, public.nexus_setting('ip')::inet, clock_timestamp(),
            public.nexus_setting('agent'));
    RETURN entry;
END
$$;
