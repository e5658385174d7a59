-- The guards stand, and every account has its ledger. A balance that moves outside the door later is a finding of
-- the console, not a failure of this migration.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('transactions', 'nexus_guard'), ('accounts', 'nexus_guard'), ('users', 'nexus_guard'),
               ('accounts', 'nexus_open_ledger'), ('console_preferences', 'audit_console_preferences'),
               ('session_state', 'audit_session_state'), ('one_time_links', 'audit_one_time_links'),
               ('transaction_approvals', 'audit_transaction_approvals'), ('account_ledger', 'audit_account_ledger')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
UNION ALL
SELECT 'account ' || a.id || ' has no ledger'
  FROM public.accounts a
 WHERE NOT EXISTS (SELECT 1 FROM public.account_ledger l WHERE l.account_id = a.id)
UNION ALL
SELECT 'anybody may execute ' || p.proname || ' with the rights of its owner'
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND p.prosecdef AND p.proname LIKE 'nexus\_%'
   AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                WHERE a.grantee = 0)
