-- The guards stand, what they keep is watched, and nobody runs as the owner who was not meant to.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('transactions', 'nexus_guard'), ('accounts', 'nexus_guard'), ('users', 'nexus_guard_deciders'),
               ('system_settings', 'nexus_guard_tiers_new'), ('system_settings', 'nexus_guard_tiers_changed'),
               ('system_settings', 'nexus_guard_rule_new'), ('system_settings', 'nexus_guard_rule_changed'),
               ('system_settings', 'nexus_guard_rule_gone'), ('system_settings', 'nexus_guard_tiers_gone'), ('transactions', 'nexus_close_questions'),
               ('transaction_approvals', 'audit_transaction_approvals'),
               ('transaction_transfers', 'audit_transaction_transfers'),
               ('transaction_reversals', 'audit_transaction_reversals'),
               ('transaction_questions', 'audit_transaction_questions'), ('expiry_holds', 'audit_expiry_holds'),
               ('decision_runs', 'audit_decision_runs'), ('decision_run_items', 'audit_decision_run_items')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
UNION ALL
SELECT 'anybody may execute ' || p.proname || ' with the rights of its owner'
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND p.prosecdef AND p.proname LIKE 'nexus\_%'
   AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                WHERE a.grantee = 0)
