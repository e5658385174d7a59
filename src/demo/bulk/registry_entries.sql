-- $1: transactions; $2: today; $3: entries. First that each alias was made, then how they were switched off and on.
INSERT INTO public.ssot_audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, user_agent, created_at)
SELECT e.id, 'ssot_api_aliases', a.id, CASE WHEN e.n <= pg_temp.nexus_demo_aliases($1) THEN 'INSERT' ELSE 'UPDATE' END,
       CASE WHEN e.n > pg_temp.nexus_demo_aliases($1) THEN to_jsonb(a) || jsonb_build_object('is_active', NOT a.is_active) END, to_jsonb(a),
       'console', pg_temp.nexus_demo_staff_id(0, $2)::text,
       ('192.0.2.' || 10 + pg_temp.nexus_demo_pick(e.n, 50, 180))::inet,
       'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', pg_temp.nexus_demo_time(e.at)
  FROM (SELECT n, at, pg_temp.nexus_demo_id('registry entry', n, at) AS id,
               CASE WHEN n <= pg_temp.nexus_demo_aliases($1) THEN n ELSE 1 + pg_temp.nexus_demo_pick(n, 51, pg_temp.nexus_demo_aliases($1)) END AS alias
          FROM (SELECT n, pg_temp.nexus_demo_moment(n, $3, $2) AS at FROM generate_series(1, $3::bigint) AS n OFFSET 0) AS entry
        OFFSET 0) AS e
 CROSS JOIN LATERAL pg_temp.nexus_demo_alias(e.alias, $1, $2) AS a
