-- The auditor's work on the log: what was said of an entry, how far the log was read, and who was found to need the
-- access they have. None of it is ever rewritten by the console.
--
-- What the guards answer when they refuse, by SQLSTATE:
--   NX005 only ever added to        NX033 one's own entry       NX036 the review is closed
--   NX006 no such entry             NX034 no place in time      NX037 one's own access
--   NX031 not this person           NX035 read further already  NX038 the population is frozen

-- Evidence, and so without foreign keys: an entry is never deleted, and what was said of it outlives who said it.
CREATE TABLE public.entry_annotations (
    id              uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    log             text NOT NULL CHECK (log IN ('audit_logs', 'ssot_audit_logs')),
    entry_id        uuid NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('question', 'reviewed', 'finding')),
    body            text NOT NULL DEFAULT '',
    created_by      uuid NOT NULL,
    created_by_name text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CHECK (length(body) <= 2000),
    -- That something was looked at needs no words; what was found or is asked does.
    CHECK (kind = 'reviewed' OR body ~ '\S')
);
CREATE INDEX nexus_entry_annotations_entry ON public.entry_annotations (entry_id, log, created_at);
CREATE INDEX nexus_entry_annotations_kind ON public.entry_annotations (kind, created_at, id);

-- "Reviewed to here": everything up to this entry, in the order of the log.
CREATE TABLE public.review_marks (
    id               uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    log              text NOT NULL CHECK (log IN ('audit_logs', 'ssot_audit_logs')),
    entry_id         uuid NOT NULL,
    reviewed_to      timestamptz NOT NULL,
    -- Of an administrator's mark their own entries are excepted: somebody else reads those.
    by_administrator boolean NOT NULL,
    note             text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    created_by       uuid NOT NULL,
    created_by_name  text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX nexus_review_marks_place ON public.review_marks (reviewed_to, entry_id);

CREATE TABLE public.access_reviews (
    id              uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    -- Those who may change or see what is not theirs, or every user there is.
    scope           text NOT NULL CHECK (scope IN ('privileged', 'everybody')),
    title           text NOT NULL CHECK (title ~ '\S' AND length(title) <= 200),
    population      integer NOT NULL DEFAULT 0,
    started_by      uuid NOT NULL,
    started_by_name text NOT NULL,
    started_at      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    closed_by       uuid,
    closed_by_name  text,
    closed_at       timestamptz,
    -- How many of the population nobody decided on.
    undecided       integer,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (undecided IS NULL))
);
CREATE INDEX nexus_access_reviews_started_at ON public.access_reviews (started_at, id);
CREATE INDEX nexus_access_reviews_closed_at ON public.access_reviews (closed_at, id);

-- The population as it was when the review began, and what was decided on each.
CREATE TABLE public.access_review_verdicts (
    id              uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    review_id       uuid NOT NULL REFERENCES public.access_reviews (id),
    user_id         uuid NOT NULL,
    username        text NOT NULL,
    full_name       text,
    role            text,
    is_active       boolean,
    last_login      timestamptz,
    made_at         timestamptz,
    made_by         text,
    -- Who gave the role: by the last entry of either log that changed it to what it is.
    granted_by      text,
    granted_at      timestamptz,
    granted_log     text,
    granted_entry   uuid,
    open_sessions   integer NOT NULL,
    active_keys     integer NOT NULL,
    verdict         text CHECK (verdict IN ('keep', 'change', 'remove')),
    note            text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    decided_by      uuid,
    decided_by_name text,
    decided_at      timestamptz,
    UNIQUE (review_id, user_id),
    CHECK ((verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (decided_by IS NULL))
);
CREATE INDEX nexus_access_review_verdicts_name ON public.access_review_verdicts (review_id, username, id);
CREATE INDEX nexus_access_review_verdicts_open ON public.access_review_verdicts (review_id, username, id)
    WHERE verdict IS NULL;

-- Who reviews: an active administrator or auditor, in person.
CREATE FUNCTION public.nexus_reviewer(OUT user_id uuid, OUT name text, OUT role text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor record;
BEGIN
    SELECT a.kind, a.user_id, a.name INTO actor FROM public.nexus_actor() a;
    SELECT u.id, u.username, u.role INTO user_id, name, role
      FROM public.users u
     WHERE actor.kind = 'user' AND u.id = actor.user_id AND u.is_active AND u.role IN ('admin', 'auditor');
    IF user_id IS NULL THEN
        RAISE EXCEPTION 'only auditors and administrators review'
            USING ERRCODE = 'NX031', CONSTRAINT = 'nexus_reviewer';
    END IF;
END
$$;

-- Whose an entry is, and when it was written.
CREATE FUNCTION public.nexus_entry_of(log text, entry uuid, OUT maker text, OUT written_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    present boolean;
BEGIN
    IF nexus_entry_of.log = 'audit_logs' THEN
        SELECT l.user_id::text, l.created_at, true INTO maker, written_at, present
          FROM public.audit_logs l WHERE l.id = nexus_entry_of.entry;
    ELSE
        SELECT l.user_id::text, l.created_at, true INTO maker, written_at, present
          FROM public.ssot_audit_logs l WHERE l.id = nexus_entry_of.entry;
    END IF;
    IF present IS NULL THEN
        RAISE EXCEPTION 'there is no such entry' USING ERRCODE = 'NX006', CONSTRAINT = 'nexus_entry_of';
    END IF;
END
$$;

CREATE FUNCTION public.nexus_guard_annotation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reviewer record;
    entry    record;
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN NEW;
    END IF;
    SELECT r.user_id, r.name, r.role INTO reviewer FROM public.nexus_reviewer() r;
    SELECT e.maker INTO entry FROM public.nexus_entry_of(NEW.log, NEW.entry_id) e;
    IF reviewer.role = 'admin' AND entry.maker = reviewer.user_id::text THEN
        RAISE EXCEPTION 'an administrator says nothing of their own entries'
            USING ERRCODE = 'NX033', CONSTRAINT = 'nexus_own_entry', TABLE = TG_TABLE_NAME,
                  DETAIL = NEW.entry_id::text;
    END IF;
    NEW.created_by := reviewer.user_id;
    NEW.created_by_name := reviewer.name;
    NEW.created_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.nexus_guard_mark() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reviewer record;
    entry    record;
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN NEW;
    END IF;
    SELECT r.user_id, r.name, r.role INTO reviewer FROM public.nexus_reviewer() r;
    SELECT e.written_at INTO entry FROM public.nexus_entry_of(NEW.log, NEW.entry_id) e;
    -- A mark in the future would end the job for good.
    IF entry.written_at IS NULL OR entry.written_at > clock_timestamp() OR NOT isfinite(entry.written_at) THEN
        RAISE EXCEPTION 'this entry has no place in time to review to'
            USING ERRCODE = 'NX034', CONSTRAINT = 'nexus_place_in_time', TABLE = TG_TABLE_NAME;
    END IF;
    NEW.reviewed_to := entry.written_at;
    NEW.by_administrator := reviewer.role = 'admin';
    NEW.created_by := reviewer.user_id;
    NEW.created_by_name := reviewer.name;
    NEW.created_at := CURRENT_TIMESTAMP;
    IF EXISTS (SELECT 1 FROM public.review_marks m
                WHERE (m.reviewed_to, m.entry_id) >= (NEW.reviewed_to, NEW.entry_id)
                  AND (NOT m.by_administrator OR m.created_by = NEW.created_by)) THEN
        RAISE EXCEPTION 'the log was reviewed further than this already'
            USING ERRCODE = 'NX035', CONSTRAINT = 'nexus_reviewed_further', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.nexus_guard_access_review() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reviewer record;
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a review is kept' USING ERRCODE = 'NX005', CONSTRAINT = 'nexus_kept', TABLE = TG_TABLE_NAME;
    END IF;
    -- The count of the population, by the trigger that freezes it.
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    SELECT r.user_id, r.name, r.role INTO reviewer FROM public.nexus_reviewer() r;
    IF TG_OP = 'INSERT' THEN
        NEW.population := 0;
        NEW.started_by := reviewer.user_id;
        NEW.started_by_name := reviewer.name;
        NEW.started_at := CURRENT_TIMESTAMP;
        NEW.closed_by := NULL;
        NEW.closed_by_name := NULL;
        NEW.closed_at := NULL;
        NEW.undecided := NULL;
        RETURN NEW;
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'the review is closed' USING ERRCODE = 'NX036', CONSTRAINT = 'nexus_closed', TABLE = TG_TABLE_NAME;
    END IF;
    -- Closing is all that can be done to it.
    NEW := OLD;
    NEW.closed_by := reviewer.user_id;
    NEW.closed_by_name := reviewer.name;
    NEW.closed_at := CURRENT_TIMESTAMP;
    SELECT count(*) INTO NEW.undecided
      FROM public.access_review_verdicts v WHERE v.review_id = OLD.id AND v.verdict IS NULL;
    RETURN NEW;
END
$$;

-- The population is what the database holds when the review begins, and nothing anybody says.
CREATE FUNCTION public.nexus_freeze_access() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    frozen integer;
BEGIN
    INSERT INTO public.access_review_verdicts
           (review_id, user_id, username, full_name, role, is_active, last_login, made_at, made_by,
            granted_by, granted_at, granted_log, granted_entry, open_sessions, active_keys)
    SELECT NEW.id, u.id, u.username, u.full_name, u.role, u.is_active, u.last_login, u.created_at, maker.username,
           CASE WHEN d.actor_kind = 'user' THEN d.actor_name
                WHEN d.actor_kind IS NOT NULL THEN d.actor_kind || ':' || d.actor_name
                ELSE g.user_id END,
           g.created_at, g.log, g.id,
           (SELECT count(*) FROM public.user_sessions s
             WHERE s.user_id = u.id AND s.is_active AND s.expires_at > CURRENT_TIMESTAMP),
           (SELECT count(*) FROM public.api_keys k
             WHERE k.user_id = u.id AND k.is_active AND (k.expires_at IS NULL OR k.expires_at > CURRENT_TIMESTAMP))
      FROM public.users u
      LEFT JOIN public.users maker ON maker.id = u.created_by
      LEFT JOIN LATERAL (
           SELECT e.log, e.id, e.created_at, e.user_id FROM (
               (SELECT 'audit_logs'::text AS log, l.id, l.created_at, l.user_id::text AS user_id
                  FROM public.audit_logs l
                 WHERE l.entity_id = u.id AND l.entity_type = 'users' AND l.created_at IS NOT NULL
                   AND l.new_values ->> 'role' = u.role
                   AND l.old_values ->> 'role' IS DISTINCT FROM l.new_values ->> 'role'
                 ORDER BY l.created_at DESC, l.id DESC LIMIT 1)
               UNION ALL
               (SELECT 'ssot_audit_logs', l.id, l.created_at, l.user_id::text
                  FROM public.ssot_audit_logs l
                 WHERE l.entity_id = u.id AND l.entity_type = 'users' AND l.created_at IS NOT NULL
                   AND l.new_values ->> 'role' = u.role
                   AND l.old_values ->> 'role' IS DISTINCT FROM l.new_values ->> 'role'
                 ORDER BY l.created_at DESC, l.id DESC LIMIT 1)) e
            ORDER BY e.created_at DESC, e.id DESC LIMIT 1) g ON true
      LEFT JOIN public.audit_details d ON d.log = g.log AND d.entry_id = g.id
     WHERE NEW.scope = 'everybody' OR u.role IN ('admin', 'manager', 'auditor');
    GET DIAGNOSTICS frozen = ROW_COUNT;
    UPDATE public.access_reviews r SET population = frozen WHERE r.id = NEW.id;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.nexus_guard_verdict() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reviewer record;
    said     record;
    closed   timestamptz;
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'INSERT' AND pg_trigger_depth() = 1) THEN
        RAISE EXCEPTION 'the population is frozen'
            USING ERRCODE = 'NX038', CONSTRAINT = 'nexus_frozen', TABLE = TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    SELECT r.user_id, r.name, r.role INTO reviewer FROM public.nexus_reviewer() r;
    -- Whoever closes it waits for this decision, or this one sees that it is closed.
    SELECT r.closed_at INTO closed FROM public.access_reviews r WHERE r.id = OLD.review_id FOR SHARE;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'the review is closed' USING ERRCODE = 'NX036', CONSTRAINT = 'nexus_closed', TABLE = TG_TABLE_NAME;
    END IF;
    IF OLD.user_id = reviewer.user_id THEN
        RAISE EXCEPTION 'nobody decides on their own access'
            USING ERRCODE = 'NX037', CONSTRAINT = 'nexus_own_access', TABLE = TG_TABLE_NAME;
    END IF;
    said := NEW;
    NEW := OLD;
    NEW.verdict := said.verdict;
    NEW.note := said.note;
    NEW.decided_by := reviewer.user_id;
    NEW.decided_by_name := reviewer.name;
    NEW.decided_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END
$$;

CREATE TRIGGER nexus_guard BEFORE INSERT ON public.entry_annotations
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_annotation();
CREATE TRIGGER nexus_guard BEFORE INSERT ON public.review_marks
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_mark();
CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE OR DELETE ON public.access_reviews
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_access_review();
CREATE TRIGGER nexus_freeze AFTER INSERT ON public.access_reviews
    FOR EACH ROW EXECUTE FUNCTION public.nexus_freeze_access();
CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE OR DELETE ON public.access_review_verdicts
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_verdict();

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['entry_annotations', 'review_marks', 'access_reviews', 'access_review_verdicts']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes()', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
    FOREACH subject IN ARRAY ARRAY['entry_annotations', 'review_marks']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_append_only BEFORE UPDATE OR DELETE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION public.nexus_reviewer(), public.nexus_entry_of(text, uuid), public.nexus_guard_annotation(),
                           public.nexus_guard_mark(), public.nexus_guard_access_review(), public.nexus_freeze_access(),
                           public.nexus_guard_verdict()
  FROM PUBLIC;
