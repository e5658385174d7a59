-- A million rows go in many times faster without indexes and foreign keys, and both are made again of the whole in this
-- same transaction: the keys are checked then, in one pass each.
CREATE TEMP TABLE nexus_demo_set_aside (place bigint, name text, relation text, definition text) ON COMMIT DROP;

INSERT INTO pg_temp.nexus_demo_set_aside
SELECT i.indexrelid::bigint, i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_catalog.pg_get_indexdef(i.indexrelid)
  FROM pg_catalog.pg_index i
 WHERE i.indrelid IN ('public.users'::regclass, 'public.accounts'::regclass, 'public.transactions'::regclass,
                      'public.audit_logs'::regclass, 'public.ssot_audit_logs'::regclass)
   AND i.indisvalid AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid)
UNION ALL
SELECT 9000000000 + c.oid::bigint, pg_catalog.quote_ident(c.conname), c.conrelid::regclass::text, pg_catalog.pg_get_constraintdef(c.oid)
  FROM pg_catalog.pg_constraint c
 WHERE c.contype = 'f' AND c.convalidated
   AND c.conrelid IN ('public.users'::regclass, 'public.accounts'::regclass, 'public.transactions'::regclass,
                      'public.audit_logs'::regclass);

DO $$
DECLARE
    aside record;
BEGIN
    FOR aside IN SELECT s.name, s.relation, s.place FROM pg_temp.nexus_demo_set_aside s ORDER BY s.place DESC LOOP
        IF aside.place > 9000000000 THEN
            EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %s', aside.relation, aside.name);
        ELSE
            EXECUTE pg_catalog.format('DROP INDEX %s', aside.name);
        END IF;
    END LOOP;
END
$$;
