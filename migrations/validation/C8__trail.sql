-- The trail's indexes are declared, and no name of theirs is taken by something else: what is only missing or not valid
-- yet is built while the console serves.
SELECT 'index ' || missing.name || ' of ' || missing.relation || ' cannot be built: its name is taken' AS reason
  FROM public.nexus_missing_indexes() AS missing
 WHERE missing.relation = 'audit_details' AND missing.state = 'taken'
UNION ALL
SELECT 'index ' || expected.name || ' of audit_details is not declared'
  FROM (VALUES ('nexus_audit_details_request'), ('nexus_audit_details_doer'), ('nexus_audit_details_outcome')) AS expected (name)
 WHERE NOT EXISTS (SELECT 1 FROM public.nexus_indexes() AS wanted WHERE wanted.name = expected.name)
