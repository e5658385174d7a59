-- Back to logs that nobody seals. Checkpoints that were handed out are of a log that is gone; sealing begins a new one.
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
    RETURN NULL;
END
$$;
DROP FUNCTION public.nexus_sweep_again();
DROP FUNCTION public.nexus_sweep_to(text, uuid);
DROP FUNCTION public.nexus_seal(bigint, text[], uuid[], boolean[], smallint[], bigint[], bytea[], bytea, text);
DROP FUNCTION public.nexus_unqueue(text[], uuid[]);
DROP TABLE public.audit_sweep, public.audit_checkpoints, public.audit_tiles, public.audit_leaves, public.audit_unsealed;
