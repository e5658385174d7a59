-- The rows a NEXUS database starts with, each table's only where it is empty: what somebody removed stays removed.
-- The ids are fixed, so that the rollback takes away these rows and no others.

-- The registry's first rows are by 'system', as in every NEXUS database, not by whoever migrates.
ALTER TABLE public.ssot_api_contracts DISABLE TRIGGER nexus_stamp;
ALTER TABLE public.ssot_api_aliases DISABLE TRIGGER nexus_stamp;
ALTER TABLE public.ssot_governance_rules DISABLE TRIGGER nexus_stamp;

INSERT INTO public.system_settings (id, setting_key, setting_value, setting_type, description)
SELECT seed.id::uuid, seed.setting_key, seed.setting_value::jsonb, seed.setting_type, seed.description
  FROM (VALUES
    ('0194a50e-d400-7f3b-b142-b215ba92e3eb', 'system_name', '"NEXUS Platform"', 'string',
     'The name of this platform'),
    ('0194a50e-d400-7b2f-9280-05c652255ade', 'system_version', '"3.0.0"', 'string',
     'The version of the schema'),
    ('0194a50e-d400-7907-9a83-04bd70202b05', 'max_login_attempts', '5', 'integer',
     'Failed logins before the next ones have to wait'),
    ('0194a50e-d400-77a1-a5ae-98bc6c46a266', 'session_timeout', '3600', 'integer',
     'Seconds without a request after which a session ends'),
    ('0194a50e-d400-7ceb-84ff-5bebcc6c2c36', 'enable_audit_logging', 'true', 'boolean',
     'Whether changes are recorded'),
    ('0194a50e-d400-7f3b-8d0a-6edcc7fcee2c', 'audit_retention_days', '2555', 'integer',
     'Days an audit entry is kept (7 years)')
  ) AS seed (id, setting_key, setting_value, setting_type, description)
 WHERE NOT EXISTS (SELECT 1 FROM public.system_settings);

INSERT INTO public.ssot_governance_rules (id, rule_name, rule_type, rule_config, created_by, updated_by)
SELECT seed.id::uuid, seed.rule_name, seed.rule_type, seed.rule_config::jsonb, 'system', 'system'
  FROM (VALUES
    ('0194a50e-d400-7751-96f2-bbc1327b7d85', 'alias_uniqueness', 'validation',
     '{"enforce_unique_aliases": true, "scope": "context"}'),
    ('0194a50e-d400-762f-ad47-dc039bebee10', 'canonical_immutability', 'validation',
     '{"prevent_canonical_changes": true, "allow_deprecation": true}'),
    ('0194a50e-d400-77cb-a12c-324720cb5c44', 'audit_retention', 'retention',
     '{"retention_years": 7, "archive_after_years": 1}'),
    ('0194a50e-d400-79c6-841c-988c97e62e0b', 'approval_workflow', 'workflow',
     '{"require_pr_review": true, "min_approvers": 2}'),
    ('0194a50e-d400-7c83-a07a-325cdbd055c0', 'temporary_alias_expiry', 'validation',
     '{"max_duration_days": 365, "auto_expire": true}')
  ) AS seed (id, rule_name, rule_type, rule_config)
 WHERE NOT EXISTS (SELECT 1 FROM public.ssot_governance_rules);

-- The aliases name their contract, so they come only with contracts of that name.
INSERT INTO public.ssot_api_contracts (id, canonical_name, version, description, base_url, status, created_by,
                                       updated_by)
SELECT seed.id::uuid, seed.canonical_name, 'v1.0.0', seed.description, seed.base_url, 'active', 'system', 'system'
  FROM (VALUES
    ('0194a50e-d400-7bf7-b66a-9bad6fda0b1d', 'user-management-api', 'http://localhost:8000/api/users',
     'Users, their roles and how they log in'),
    ('0194a50e-d400-7d35-bb1e-7b7adb364d18', 'account-management-api', 'http://localhost:8000/api/accounts',
     'Accounts and who owns them'),
    ('0194a50e-d400-7bf6-aaf4-f2b34c8ac345', 'transaction-management-api', 'http://localhost:8000/api/transactions',
     'Transactions and their approval'),
    ('0194a50e-d400-7df5-b898-16a75ec72d9b', 'monitoring-api', 'http://localhost:8000/api/monitoring',
     'Health and metrics'),
    ('0194a50e-d400-72bb-b2f0-c4f7cb46b4e2', 'ai-services-api', 'http://localhost:8000/api/ai',
     'AI services')
  ) AS seed (id, canonical_name, base_url, description)
 WHERE NOT EXISTS (SELECT 1 FROM public.ssot_api_contracts);

INSERT INTO public.ssot_api_aliases (id, contract_id, alias_name, context, alias_type, created_by, updated_by)
SELECT seed.id::uuid, contract.id, seed.alias_name, seed.context, 'permanent', 'system', 'system'
  FROM (VALUES
    ('0194a50e-d400-7bd7-8261-6647155e080f', 'user-api', 'frontend', 'user-management-api'),
    ('0194a50e-d400-7209-aa72-01685d4f1cb9', 'auth-service', 'system', 'user-management-api'),
    ('0194a50e-d400-7e03-bd6c-169ad9bc8870', 'account-api', 'frontend', 'account-management-api'),
    ('0194a50e-d400-7d2b-9a92-a5dd1a631698', 'transaction-api', 'frontend', 'transaction-management-api'),
    ('0194a50e-d400-7f49-a208-5957615c50a3', 'metrics-api', 'system', 'monitoring-api'),
    ('0194a50e-d400-7930-a23b-fb989bbabfbd', 'ai-api', 'frontend', 'ai-services-api')
  ) AS seed (id, alias_name, context, canonical_name)
  JOIN public.ssot_api_contracts contract ON contract.canonical_name = seed.canonical_name
 WHERE NOT EXISTS (SELECT 1 FROM public.ssot_api_aliases);

ALTER TABLE public.ssot_api_contracts ENABLE TRIGGER nexus_stamp;
ALTER TABLE public.ssot_api_aliases ENABLE TRIGGER nexus_stamp;
ALTER TABLE public.ssot_governance_rules ENABLE TRIGGER nexus_stamp;
