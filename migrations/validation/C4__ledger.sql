-- Every account has its ledger, and what is kept about it is watched. A balance that moves outside the door later is
-- a finding of the console, not a failure of this migration.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('accounts', 'nexus_open_ledger'), ('account_limits', 'nexus_guard'),
               ('account_ledger', 'audit_account_ledger'), ('ledger_decisions', 'audit_ledger_decisions'),
               ('account_ledger_corrections', 'audit_account_ledger_corrections'),
               ('account_limits', 'audit_account_limits'), ('ledger_checks', 'audit_ledger_checks')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
UNION ALL
SELECT 'account ' || a.id || ' has no ledger'
  FROM public.accounts a
 WHERE NOT EXISTS (SELECT 1 FROM public.account_ledger l WHERE l.account_id = a.id)
