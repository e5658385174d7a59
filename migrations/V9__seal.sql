-- Both logs are sealed into one Merkle log (RFC 6962), in the order of sealing: whoever keeps one of its checkpoints
-- sees whatever is changed, taken out or put in later, even by the owner of this database. Whoever writes an entry pays
-- one row of a queue for it and waits for nobody; one sealer at a time moves the queue into the log.
--
-- These tables are the log about the logs, and so have no entries of their own. The console writes them through
-- nexus_seal, nexus_sweep_to, nexus_sweep_again and nexus_unqueue alone, which refuse with NX030.

-- What no leaf is of yet. Entries that came by no trigger are not in here: the sweep finds them.
CREATE TABLE public.audit_unsealed (
    entry_id uuid NOT NULL,
    log      text NOT NULL CHECK (log IN ('audit_logs', 'ssot_audit_logs')),
    -- In the order of their ids, which is the order of time for all that we make ourselves.
    PRIMARY KEY (entry_id, log)
);
-- As many rows leave as come: left to the usual share of the table, the dead would pile up at its head.
ALTER TABLE public.audit_unsealed SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Which entry each leaf is of. Its hash is in the tiles.
CREATE TABLE public.audit_leaves (
    position bigint PRIMARY KEY CHECK (position >= 0),
    log      text NOT NULL CHECK (log IN ('audit_logs', 'ssot_audit_logs')),
    entry_id uuid NOT NULL,
    -- Which canonical bytes the leaf is the hash of.
    version  smallint NOT NULL DEFAULT 1,
    -- Found by the sweep: no trigger queued it.
    found    boolean NOT NULL,
    UNIQUE (entry_id, log)
);

-- The tree as C2SP's tlog-tiles: tile n of level l is 256 hashes, the roots of 256^l leaves each, from leaf n * 256^(l+1)
-- on. The last of a level holds as many as there are.
CREATE TABLE public.audit_tiles (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index  bigint NOT NULL CHECK (index >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
);
-- Hashes do not compress.
ALTER TABLE public.audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- A row a seal: how many entries there were, their root, and the signed note that says so.
CREATE TABLE public.audit_checkpoints (
    id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    size       bigint NOT NULL CHECK (size >= 0),
    root       bytea NOT NULL CHECK (octet_length(root) = 32),
    note       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX nexus_audit_checkpoints_size ON public.audit_checkpoints (size, id);
-- Those that announce a key: few among many.
CREATE INDEX nexus_audit_checkpoints_announcing ON public.audit_checkpoints (size, id)
 WHERE strpos(note, E'\nnext-key ') > 0;

-- How far the walk over both logs has come that looks for entries nobody queued. One row.
CREATE TABLE public.audit_sweep (
    id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    log        text NOT NULL DEFAULT 'audit_logs' CHECK (log IN ('audit_logs', 'ssot_audit_logs')),
    -- The last entry it looked at in this log; NULL: it begins.
    passed     uuid,
    walks      bigint NOT NULL DEFAULT 0,
    ended_at   timestamptz,
    -- How long the Merkle log was when the first walk ended: what was found before was there before the sealer.
    first_size bigint
);
CREATE UNIQUE INDEX nexus_audit_sweep_once ON public.audit_sweep ((true));
INSERT INTO public.audit_sweep DEFAULT VALUES;

-- As the second migration has it, with the queue.
CREATE OR REPLACE FUNCTION public.nexus_entry() RETURNS trigger
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
    INSERT INTO public.audit_unsealed (entry_id, log) VALUES (NEW.id, TG_TABLE_NAME);
    RETURN NULL;
END
$$;

-- Out of the queue goes only what has its leaf.
CREATE FUNCTION public.nexus_unqueue(logs text[], entries uuid[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM public.audit_unsealed u
     USING unnest(logs, entries) AS sealed (log, entry_id)
     WHERE u.entry_id = sealed.entry_id AND u.log = sealed.log
       AND EXISTS (SELECT FROM public.audit_leaves l WHERE l.entry_id = u.entry_id AND l.log = u.log OFFSET 0)
$$;

-- Leaves, tiles, checkpoint and the end of the queue's rows, whole or not at all. What is there already can only grow:
-- a leaf is added behind the last, a tile keeps the hashes it has, a checkpoint is never of fewer entries.
CREATE FUNCTION public.nexus_seal(first bigint, logs text[], entries uuid[], swept boolean[], levels smallint[],
                                  indexes bigint[], tiles bytea[], root bytea, note text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sealed bigint := coalesce((SELECT max(l.position) + 1 FROM public.audit_leaves l), 0);
    grown  bigint;
BEGIN
    IF sealed IS DISTINCT FROM nexus_seal.first OR cardinality(logs) <> cardinality(entries)
       OR cardinality(swept) <> cardinality(entries) THEN
        RAISE EXCEPTION 'the log counts % leaves, and these are to follow %', sealed, nexus_seal.first
            USING ERRCODE = 'NX030', CONSTRAINT = 'nexus_seal';
    END IF;
    INSERT INTO public.audit_leaves (position, log, entry_id, found)
    SELECT sealed + leaf.place - 1, leaf.log, leaf.entry_id, leaf.swept
      FROM unnest(logs, entries, swept) WITH ORDINALITY AS leaf (log, entry_id, swept, place);

    INSERT INTO public.audit_tiles AS t (level, index, hashes)
    SELECT tile.level, tile.index, tile.hashes FROM unnest(levels, indexes, tiles) AS tile (level, index, hashes)
        ON CONFLICT (level, index) DO UPDATE SET hashes = EXCLUDED.hashes
     WHERE substring(EXCLUDED.hashes FROM 1 FOR octet_length(t.hashes)) = t.hashes;
    GET DIAGNOSTICS grown = ROW_COUNT;
    IF grown <> cardinality(levels) THEN
        RAISE EXCEPTION 'a tile would lose hashes it has' USING ERRCODE = 'NX030', CONSTRAINT = 'nexus_seal';
    END IF;

    IF EXISTS (SELECT FROM public.audit_checkpoints c WHERE c.size > sealed + cardinality(entries)) THEN
        RAISE EXCEPTION 'there is a checkpoint of more entries' USING ERRCODE = 'NX030', CONSTRAINT = 'nexus_seal';
    END IF;
    INSERT INTO public.audit_checkpoints (size, root, note)
    VALUES (sealed + cardinality(entries), nexus_seal.root, nexus_seal.note);
    PERFORM public.nexus_unqueue(logs, entries);
END
$$;

-- The walk goes on behind this entry; at the beginning of the first log it has been all the way.
CREATE FUNCTION public.nexus_sweep_to(log text, passed uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE public.audit_sweep s
       SET log = nexus_sweep_to.log, passed = nexus_sweep_to.passed, walks = s.walks + done.times,
           ended_at = CASE WHEN done.times = 1 THEN clock_timestamp() ELSE s.ended_at END,
           first_size = CASE WHEN done.times = 1 AND s.walks = 0
                             THEN coalesce((SELECT max(l.position) + 1 FROM public.audit_leaves l), 0)
                             ELSE s.first_size END
      FROM (SELECT CASE WHEN nexus_sweep_to.log = 'audit_logs' AND nexus_sweep_to.passed IS NULL THEN 1 ELSE 0 END) AS done (times)
$$;

-- From the beginning, and at once.
CREATE FUNCTION public.nexus_sweep_again() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE public.audit_sweep SET log = 'audit_logs', passed = NULL, ended_at = NULL
$$;

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['audit_unsealed', 'audit_leaves', 'audit_tiles', 'audit_checkpoints', 'audit_sweep']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
    FOREACH subject IN ARRAY ARRAY['audit_leaves', 'audit_checkpoints']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_append_only BEFORE UPDATE OR DELETE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
END
$$;
CREATE TRIGGER nexus_append_only BEFORE DELETE ON public.audit_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only();

REVOKE EXECUTE ON FUNCTION public.nexus_unqueue(text[], uuid[]),
                           public.nexus_seal(bigint, text[], uuid[], boolean[], smallint[], bigint[], bytea[], bytea, text),
                           public.nexus_sweep_to(text, uuid), public.nexus_sweep_again()
  FROM PUBLIC;
