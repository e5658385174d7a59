-- $1: transactions; $2: today; $3: entries; $4: how many of them each of the two known records has, at the end.
INSERT INTO public.audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, user_agent, created_at)
SELECT e.id, told.entity_type, told.entity_id, told.action, told.before, told.after,
       CASE WHEN pg_temp.nexus_demo_pick(e.n, 62, 10) < 7 THEN 'console' END, told.actor,
       -- One in ten thousand comes from somewhere else.
       (CASE WHEN pg_temp.nexus_demo_pick(e.n, 63, 10000) = 0 THEN '198.51.100.' ELSE '192.0.2.' END || 10 + pg_temp.nexus_demo_pick(e.n, 64, 180))::inet,
       (ARRAY['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
              'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
              'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1'])
           [1 + pg_temp.nexus_demo_pick(e.n, 65, 3)],
       pg_temp.nexus_demo_time(e.at)
  FROM (SELECT n, at, pg_temp.nexus_demo_id('entry', n, at) AS id,
               CASE WHEN n > $3 - 2 * $4::bigint THEN n = $3 - 2 * $4::bigint + 1 ELSE n % 2 = 1 END AS makes,
               CASE WHEN n > $3 - $4::bigint THEN 'known account' WHEN n > $3 - 2 * $4::bigint THEN 'known transaction'
                    WHEN pg_temp.nexus_demo_pick(n / 2, 60, 1000) < 600 THEN 'transaction'
                    WHEN pg_temp.nexus_demo_pick(n / 2, 60, 1000) < 700 THEN 'account' WHEN pg_temp.nexus_demo_pick(n / 2, 60, 1000) < 730 THEN 'user'
                    WHEN pg_temp.nexus_demo_pick(n / 2, 60, 1000) < 950 THEN 'login' WHEN pg_temp.nexus_demo_pick(n / 2, 60, 1000) < 990 THEN 'login_failed'
                    WHEN pg_temp.nexus_demo_pick(n / 2, 60, 1000) < 999 THEN 'export' ELSE 'permission_refused' END AS about
          FROM (SELECT n, pg_temp.nexus_demo_moment(n, $3, $2) AS at FROM generate_series(1, $3::bigint) AS n OFFSET 0) AS entry
        OFFSET 0) AS e
 CROSS JOIN LATERAL (
    -- An entry tells of what was made about then; the odd one that it was made, the even one what became of it.
    SELECT 'transactions' AS entity_type, t.id AS entity_id, CASE WHEN e.makes THEN 'INSERT' ELSE 'UPDATE' END AS action,
           CASE WHEN NOT e.makes THEN made.first END AS before, CASE WHEN e.makes THEN made.first ELSE made.now END AS after,
           t.created_by AS actor
      FROM (SELECT CASE WHEN e.about = 'known transaction' THEN pg_temp.nexus_demo_known($1) ELSE
                   -- The known one has no entries but its own.
                   (SELECT CASE WHEN near.n = pg_temp.nexus_demo_known($1) THEN near.n % $1 + 1 ELSE near.n END
                      FROM (SELECT least(1 + (e.n / 2) * 2 * $1 / $3, $1) AS n) AS near) END AS n OFFSET 0) AS which
     CROSS JOIN LATERAL pg_temp.nexus_demo_transaction(which.n, $1, $2) AS t
     CROSS JOIN LATERAL (SELECT whole.now, whole.now || jsonb_build_object('status', 'pending', 'processed_at', NULL, 'updated_at', t.created_at) AS first
                           FROM (SELECT to_jsonb(t) AS now OFFSET 0) AS whole OFFSET 0) AS made
     WHERE e.about IN ('transaction', 'known transaction')
    UNION ALL
    SELECT 'accounts', a.id, 'UPDATE', to_jsonb(a) || jsonb_build_object('account_name', 'Formerly ' || a.account_name), to_jsonb(a), a.created_by
      FROM (SELECT CASE WHEN e.about = 'known account' THEN 2 ELSE
                   (SELECT CASE WHEN picked.n = 2 THEN 3 ELSE picked.n END
                      FROM (SELECT 1 + pg_temp.nexus_demo_pick(e.n, 66, pg_temp.nexus_demo_accounts($1)) AS n) AS picked) END AS n OFFSET 0) AS which
     CROSS JOIN LATERAL pg_temp.nexus_demo_account(which.n, $1, $2) AS a
     WHERE e.about IN ('account', 'known account')
    UNION ALL
    SELECT 'users', c.id, 'UPDATE', concealed.after || jsonb_build_object('is_verified', NOT c.is_verified), concealed.after, pg_temp.nexus_demo_staff_id(0, $2)
      FROM pg_temp.nexus_demo_customer(1 + pg_temp.nexus_demo_pick(e.n, 67, pg_temp.nexus_demo_customers($1)), $2) AS c
     CROSS JOIN LATERAL (SELECT to_jsonb(c) || jsonb_build_object('password_hash', public.nexus_conceal(e.id, 'password_hash', c.password_hash)) AS after OFFSET 0) AS concealed
     WHERE e.about = 'user'
    UNION ALL
    SELECT 'event', '00000000-0000-0000-0000-000000000000'::uuid, e.about, NULL,
           CASE e.about WHEN 'export' THEN jsonb_build_object('table', 'transactions', 'format', 'csv', 'query', '')
                        WHEN 'login_failed' THEN jsonb_build_object('username', 'nobody.' || pg_temp.nexus_demo_pick(e.n, 68, 100))
                        ELSE jsonb_build_object('session_id', md5('session' || e.n)::uuid) END,
           CASE WHEN e.about = 'export' THEN pg_temp.nexus_demo_staff_id(3, $2)
                WHEN e.about <> 'login_failed'
                THEN pg_temp.nexus_demo_customer_id(1 + pg_temp.nexus_demo_pick(e.n, 69, pg_temp.nexus_demo_customers($1)), $2) END
     WHERE e.about IN ('login', 'login_failed', 'export', 'permission_refused')
 ) AS told
