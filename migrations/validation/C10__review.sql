-- The guards stand, what they keep is watched, and nobody runs as the owner who was not meant to.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('entry_annotations', 'nexus_guard'), ('entry_annotations', 'nexus_append_only'),
               ('entry_annotations', 'audit_entry_annotations'),
               ('review_marks', 'nexus_guard'), ('review_marks', 'nexus_append_only'),
               ('review_marks', 'audit_review_marks'),
               ('access_reviews', 'nexus_guard'), ('access_reviews', 'nexus_freeze'),
               ('access_reviews', 'audit_access_reviews'),
               ('access_review_verdicts', 'nexus_guard'), ('access_review_verdicts', 'audit_access_review_verdicts')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
UNION ALL
SELECT 'anybody may execute ' || p.proname || ' with the rights of its owner'
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND p.prosecdef
   AND p.proname IN ('nexus_reviewer', 'nexus_entry_of', 'nexus_guard_annotation', 'nexus_guard_mark',
                     'nexus_guard_access_review', 'nexus_freeze_access', 'nexus_guard_verdict')
   AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                WHERE a.grantee = 0)
