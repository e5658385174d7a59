-- $1: transactions; $2: today.
INSERT INTO public.ssot_api_contracts (id, canonical_name, version, description, base_url, status, created_at, updated_at, created_by, updated_by)
SELECT pg_temp.nexus_demo_id('contract', n, ($2 - date '1970-01-01' - 570)::bigint * 86400000), 'partner-' || n || '-api', 'v' || 1 + n % 4 || '.0.0',
       'What partner ' || n || ' asks of us', 'http://localhost:8000/api/partners/' || n,
       CASE WHEN n % 20 = 0 THEN 'deprecated' WHEN n % 33 = 0 THEN 'archived' ELSE 'active' END,
       pg_temp.nexus_demo_time(($2 - date '1970-01-01' - 570)::bigint * 86400000),
       pg_temp.nexus_demo_time(($2 - date '1970-01-01' - 570)::bigint * 86400000), 'admin', 'admin'
  FROM generate_series(1, pg_temp.nexus_demo_contracts($1)) AS n
