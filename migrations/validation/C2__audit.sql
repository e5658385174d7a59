-- Every table is watched, both logs write their details, and no function lends its owner's rights to everybody.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('audit_logs', 'nexus_entry'), ('ssot_audit_logs', 'nexus_entry'),
               ('audit_logs', 'nexus_append_only'), ('ssot_audit_logs', 'nexus_append_only'),
               ('audit_details', 'nexus_append_only'),
               ('users', 'nexus_stamp'), ('accounts', 'nexus_stamp'), ('transactions', 'nexus_stamp'),
               ('users', 'audit_users'), ('accounts', 'audit_accounts'), ('transactions', 'audit_transactions'),
               ('system_settings', 'audit_system_settings'), ('ssot_api_contracts', 'audit_ssot_api_contracts'),
               ('ssot_api_aliases', 'audit_ssot_api_aliases'),
               ('ssot_governance_rules', 'audit_ssot_governance_rules'), ('api_keys', 'audit_api_keys'),
               ('notifications', 'audit_notifications'), ('user_sessions', 'audit_user_sessions')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
UNION ALL
SELECT documented || ' has no trigger that keeps updated_at'
  FROM pg_catalog.unnest(ARRAY['users', 'accounts', 'transactions', 'system_settings', 'ssot_api_contracts',
                               'ssot_api_aliases', 'ssot_governance_rules', 'api_keys', 'notifications',
                               'user_sessions']) AS documented
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || documented)
                      AND t.tgname = 'update_' || documented || '_updated_at')
UNION ALL
SELECT 'anybody may execute ' || p.proname || ' with the rights of its owner'
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND p.prosecdef
   AND (p.proname LIKE 'nexus\_%' OR p.proname = 'log_ssot_changes')
   AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                WHERE a.grantee = 0)
UNION ALL
SELECT 'function ' || p.proname || ' does not pin its search path'
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND p.prosecdef
   AND (p.proname LIKE 'nexus\_%' OR p.proname = 'log_ssot_changes')
   AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
