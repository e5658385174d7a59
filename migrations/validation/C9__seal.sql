-- Entries are queued, and nothing that is sealed can be taken back by the console.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('audit_leaves', 'nexus_append_only'), ('audit_checkpoints', 'nexus_append_only'),
               ('audit_tiles', 'nexus_append_only'), ('audit_unsealed', 'nexus_no_truncate'),
               ('audit_leaves', 'nexus_no_truncate'), ('audit_tiles', 'nexus_no_truncate'),
               ('audit_checkpoints', 'nexus_no_truncate'), ('audit_sweep', 'nexus_no_truncate')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
UNION ALL
SELECT 'nexus_entry does not queue what is to be sealed'
  FROM pg_catalog.pg_proc p
 WHERE p.oid = pg_catalog.to_regprocedure('public.nexus_entry()') AND p.prosrc NOT LIKE '%audit_unsealed%'
UNION ALL
SELECT 'audit_sweep should have one row, has ' || pg_catalog.count(*)
  FROM public.audit_sweep HAVING pg_catalog.count(*) <> 1
