-- Every change is recorded in the transaction that makes it, with who made it, or does not happen.
-- Every function that runs with its owner's rights pins its search path and names every object in full, so that
-- nothing a caller puts into its own path is ever looked at. A body after RETURN is bound when it is made, which is as
-- safe, and lets PostgreSQL put it where it is used: the triggers ask these a dozen times a row.

-- Identifiers that sort by the time they were made keep the ends of the logs' indexes together.
CREATE FUNCTION public.nexus_uuid7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN encode(
        set_bit(set_bit(overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;

-- The two logs have no column for these; one row beside each entry holds them.
CREATE TABLE public.audit_details (
    id          uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    log         text NOT NULL CHECK (log IN ('audit_logs', 'ssot_audit_logs')),
    entry_id    uuid NOT NULL,
    format      smallint NOT NULL DEFAULT 1,
    actor_kind  text NOT NULL CHECK (actor_kind IN ('user', 'key', 'system', 'db')),
    actor_name  text,
    request_id  text,
    session_id  uuid,
    outcome     text,
    reason      text,
    approval_id uuid,
    UNIQUE (log, entry_id)
);

-- The entry about the migration before this one is the only one of ours that had no row beside it.
INSERT INTO public.audit_details (log, entry_id, actor_kind, actor_name)
SELECT 'audit_logs', l.id, 'system', 'migrate'
  FROM public.audit_logs l
 WHERE l.entity_type = 'event' AND l.action = 'migration' AND l.context = 'job';

-- Who is writing: the console, or the platform it was put beside? The guards bind the console only.
-- `role` keeps its value inside functions that run as their owner; current_user would not.
CREATE FUNCTION public.nexus_is_console() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN coalesce(current_setting('nexus.actor', true), '') <> ''
        OR session_user = 'nexus_app'
        OR coalesce(current_setting('role', true), '') = 'nexus_app';

-- A setting is '' after its first use in a session, not NULL.
CREATE FUNCTION public.nexus_setting(setting text) RETURNS text
    LANGUAGE sql STABLE
    RETURN nullif(current_setting('nexus.' || setting, true), '');

CREATE FUNCTION public.nexus_actor(OUT kind text, OUT user_id uuid, OUT name text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor  text := public.nexus_setting('actor');
    named  text;
    a_uuid constant text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
BEGIN
    IF actor IS NULL THEN
        IF public.nexus_is_console() THEN
            RAISE EXCEPTION 'no actor: this write does not say who makes it'
                USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor',
                      HINT = 'Set nexus.actor in the same transaction.';
        END IF;
        kind := 'db';
        name := session_user;
        RETURN;
    END IF;
    kind := split_part(actor, ':', 1);
    named := substr(actor, length(kind) + 2);
    IF kind = 'system' AND named ~ '^[a-z][a-z0-9_-]*$' THEN
        name := named;
        RETURN;
    ELSIF kind = 'user' AND named ~ a_uuid THEN
        SELECT u.id, u.username INTO user_id, name FROM public.users u WHERE u.id = named::uuid;
    ELSIF kind = 'key' AND named ~ a_uuid THEN
        SELECT k.user_id, k.key_name INTO user_id, name FROM public.api_keys k WHERE k.id = named::uuid;
    END IF;
    IF user_id IS NULL THEN
        RAISE EXCEPTION 'the actor is malformed or does not exist'
            USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor',
                  HINT = 'nexus.actor is user:<uuid>, key:<uuid> or system:<job>.';
    END IF;
END
$$;

-- The same entry id salts both sides, so "did it change?" stays answerable and nothing else is.
CREATE FUNCTION public.nexus_conceal(entry uuid, secret text, secret_value text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT to_jsonb(encode(sha256(convert_to(entry::text || secret || secret_value, 'UTF8')), 'hex'))
$$;

CREATE OR REPLACE FUNCTION public.log_ssot_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    entry      uuid := public.nexus_uuid7();
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

    -- The only exception: staying logged in and using a key are reads to whoever does them.
    IF TG_OP = 'UPDATE' AND (
           (TG_TABLE_NAME = 'user_sessions'
            AND old_row - 'expires_at' - 'updated_at' = new_row - 'expires_at' - 'updated_at')
        OR (TG_TABLE_NAME = 'api_keys'
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
                                            user_id, ip_address, user_agent)
        VALUES (entry, TG_TABLE_NAME, (coalesce(new_row, old_row) ->> 'id')::uuid, TG_OP, old_row, new_row, context,
                coalesce(actor.user_id::text, actor.kind || ':' || actor.name), ip_address, user_agent);
    ELSE
        INSERT INTO public.audit_logs (id, entity_type, entity_id, action, old_values, new_values, context,
                                       user_id, ip_address, user_agent)
        VALUES (entry, TG_TABLE_NAME, (coalesce(new_row, old_row) ->> 'id')::uuid, TG_OP, old_row, new_row, context,
                actor.user_id, ip_address, user_agent);
    END IF;
    RETURN NULL;
END
$$;

-- What happened that is no row: a login, an export, a refusal. Row entries cannot be forged through it: their
-- actions are in capitals.
CREATE FUNCTION public.nexus_event(action text, details jsonb DEFAULT NULL) RETURNS uuid
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
                                   user_agent)
    VALUES (entry, 'event', '00000000-0000-0000-0000-000000000000', nexus_event.action, nexus_event.details, context,
            actor.user_id, public.nexus_setting('ip')::inet, public.nexus_setting('agent'));
    RETURN entry;
END
$$;

CREATE FUNCTION public.nexus_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor record;
BEGIN
    SELECT a.kind, a.name INTO actor FROM public.nexus_actor() a;
    INSERT INTO public.audit_details (log, entry_id, format, actor_kind, actor_name, request_id, session_id, outcome,
                                      reason, approval_id)
    VALUES (TG_TABLE_NAME, NEW.id, 1, actor.kind, actor.name, public.nexus_setting('request'),
            public.nexus_setting('session')::uuid, public.nexus_setting('outcome'), public.nexus_setting('reason'),
            public.nexus_setting('approval')::uuid);
    RETURN NULL;
END
$$;

CREATE FUNCTION public.nexus_append_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF public.nexus_is_console() THEN
        RAISE EXCEPTION '% of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'NX005', CONSTRAINT = 'nexus_append_only', TABLE = TG_TABLE_NAME,
                  HINT = 'The logs are only ever added to, and no table is emptied at once: neither would be seen.';
    END IF;
    RETURN NULL;
END
$$;

-- created_by and updated_by say who, whatever a statement claims; without an actor they stay as the writer gave them.
-- "Last edited by" means a user, so a job leaves it as it was.
CREATE FUNCTION public.nexus_stamp() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor record;
    label text;
BEGIN
    IF public.nexus_setting('actor') IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT a.kind, a.user_id, a.name INTO actor FROM public.nexus_actor() a;

    IF starts_with(TG_TABLE_NAME, 'ssot_') THEN
        IF actor.kind = 'key' THEN
            SELECT u.username INTO label FROM public.users u WHERE u.id = actor.user_id;
        ELSIF actor.kind = 'user' THEN
            label := actor.name;
        ELSE
            label := actor.kind || ':' || actor.name;
        END IF;
        NEW.updated_by := label;
        IF TG_OP = 'INSERT' THEN
            NEW.created_by := label;
        END IF;
    ELSE
        IF TG_OP = 'INSERT' THEN
            NEW.created_by := actor.user_id;
            NEW.updated_by := actor.user_id;
        ELSE
            NEW.updated_by := coalesce(actor.user_id, OLD.updated_by);
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    NEW.created_by := OLD.created_by;
    NEW.created_at := OLD.created_at;

    -- What moves through the door is no edit: whoever edited last must stay known to the next decision.
    IF TG_TABLE_NAME = 'transactions' THEN
        IF NEW.status IS DISTINCT FROM OLD.status THEN
            NEW.updated_by := OLD.updated_by;
        END IF;
    ELSIF TG_TABLE_NAME = 'accounts' THEN
        IF NEW.balance IS DISTINCT FROM OLD.balance THEN
            NEW.updated_by := OLD.updated_by;
        END IF;
    END IF;
    RETURN NEW;
END
$$;

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['users', 'accounts', 'transactions', 'system_settings', 'ssot_api_contracts',
                                   'ssot_api_aliases', 'ssot_governance_rules', 'api_keys', 'notifications',
                                   'user_sessions']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE OR REPLACE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes()', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
        IF subject <> 'user_sessions' THEN
            EXECUTE pg_catalog.format(
                'CREATE TRIGGER nexus_stamp BEFORE INSERT OR UPDATE ON public.%I
                 FOR EACH ROW EXECUTE FUNCTION public.nexus_stamp()', subject);
        END IF;
    END LOOP;

    FOREACH subject IN ARRAY ARRAY['audit_logs', 'ssot_audit_logs', 'audit_details']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
        IF subject <> 'audit_details' THEN
            EXECUTE pg_catalog.format(
                'CREATE TRIGGER nexus_entry AFTER INSERT ON public.%I
                 FOR EACH ROW EXECUTE FUNCTION public.nexus_entry()', subject);
        END IF;
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION public.nexus_actor(), public.log_ssot_changes(), public.nexus_event(text, jsonb),
                           public.nexus_entry(), public.nexus_stamp()
  FROM PUBLIC;
