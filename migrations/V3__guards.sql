-- What people keep in the console beside the documented tables, and what the console may not do to people: no
-- installation is left without an administrator, nobody is deleted. The guard binds nobody else.

CREATE TABLE public.console_preferences (
    id                   uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    user_id              uuid NOT NULL UNIQUE REFERENCES public.users (id) ON DELETE CASCADE,
    time_zone            text,
    theme                text CHECK (theme IN ('light', 'dark', 'system')),
    row_density          text CHECK (row_density IN ('comfortable', 'compact')),
    single_key_shortcuts boolean NOT NULL DEFAULT true,
    created_at           timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at           timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Its id is the session's own, so that the two cannot drift apart.
CREATE TABLE public.session_state (
    id               uuid PRIMARY KEY REFERENCES public.user_sessions (id) ON DELETE CASCADE,
    state            jsonb NOT NULL DEFAULT '{}',
    authenticated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE public.one_time_links (
    id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN ('password')),
    token_hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    created_by uuid REFERENCES public.users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX nexus_one_time_links_user_id ON public.one_time_links (user_id);
CREATE INDEX nexus_one_time_links_created_by ON public.one_time_links (created_by);

CREATE FUNCTION public.nexus_guard_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'users are never deleted'
            USING ERRCODE = 'NX010', CONSTRAINT = 'nexus_kept', TABLE = 'users', HINT = 'Deactivate the user.';
    END IF;
    IF OLD.role = 'admin' AND OLD.is_active AND (NEW.role = 'admin' AND NEW.is_active) IS NOT TRUE THEN
        -- Two who go at once must see each other: the second counts only after the first has committed, which a
        -- snapshot taken before would hide.
        PERFORM pg_advisory_xact_lock(hashtextextended('nexus: last administrator', 0));
        IF current_setting('transaction_isolation') <> 'read committed'
           OR NOT EXISTS (SELECT 1 FROM public.users u WHERE u.role = 'admin' AND u.is_active AND u.id <> OLD.id) THEN
            RAISE EXCEPTION 'this is the last active administrator'
                USING ERRCODE = 'NX002', CONSTRAINT = 'nexus_last_administrator', TABLE = 'users',
                      COLUMN = CASE WHEN NEW.role IS DISTINCT FROM OLD.role THEN 'role' ELSE 'is_active' END,
                      HINT = 'Make somebody else an administrator first.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION public.nexus_guard_users() FROM PUBLIC;

CREATE TRIGGER nexus_guard BEFORE UPDATE OR DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_users();

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['console_preferences', 'session_state', 'one_time_links']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes()', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I BEFORE UPDATE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column()',
            'update_' || subject || '_updated_at', subject);
    END LOOP;
END
$$;
