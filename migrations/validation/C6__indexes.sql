-- No index's name is taken by something else, and no foreign key of the documented tables is without an index, there or
-- still to be built: what is only missing or not valid yet is built while the console serves.
SELECT 'index ' || missing.name || ' of ' || missing.relation || ' cannot be built: its name is taken' AS reason
  FROM public.nexus_missing_indexes() AS missing
 WHERE missing.state = 'taken'
UNION ALL
SELECT 'foreign key ' || c.conname || ' of ' || r.relname || ' has no index'
  FROM pg_catalog.pg_constraint c
  JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
 WHERE c.contype = 'f' AND c.connamespace = 'public'::pg_catalog.regnamespace
   AND r.relname IN ('users', 'accounts', 'transactions', 'audit_logs', 'ssot_audit_logs',
                     'system_settings', 'ssot_api_contracts', 'ssot_api_aliases', 'ssot_governance_rules',
                     'api_keys', 'notifications', 'user_sessions')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i
                    WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)
   AND NOT EXISTS (SELECT 1 FROM public.nexus_indexes() AS wanted
                    WHERE wanted.relation = r.relname AND wanted.definition LIKE '(' || a.attname || ', %')
