-- $1: transactions; $2: today.
INSERT INTO public.ssot_api_aliases (id, contract_id, alias_name, context, alias_type, is_active, created_at, updated_at, created_by, updated_by)
SELECT a.id, a.contract_id, a.alias_name, a.context, a.alias_type, a.is_active, a.created_at, a.updated_at, a.created_by, a.updated_by
  FROM generate_series(1, pg_temp.nexus_demo_aliases($1)) AS n
 CROSS JOIN LATERAL pg_temp.nexus_demo_alias(n, $1, $2) AS a
