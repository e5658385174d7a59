-- $1: transactions; $2: today. Each opens with as much as its transactions need, and holds what they made of it.
WITH moved AS MATERIALIZED (
    SELECT t.account_id, sum(public.nexus_effect(t.transaction_type, t.amount)) AS total
      FROM public.transactions t WHERE t.status = 'completed' GROUP BY t.account_id
), opened AS MATERIALIZED (
    SELECT n, a.id, a.user_id, a.account_name, a.account_type, a.account_number, a.currency, a.is_active, a.created_at, a.created_by,
           coalesce(m.total, 0) AS total,
           CASE WHEN a.account_type IN ('checking', 'savings') THEN greatest(-coalesce(m.total, 0), 0) + pg_temp.nexus_demo_pick(n, 40, 5000)
                ELSE 0 END AS opening
      FROM generate_series(1, pg_temp.nexus_demo_accounts($1)) AS n
     CROSS JOIN LATERAL pg_temp.nexus_demo_account(n, $1, $2) AS a
      LEFT JOIN moved m ON m.account_id = a.id
), ledger AS (
    INSERT INTO public.account_ledger (id, account_id, opening_balance)
    SELECT pg_temp.nexus_demo_id('ledger', o.n, (extract(epoch FROM o.created_at) * 1000)::bigint), o.id, o.opening FROM opened o
)
INSERT INTO public.accounts (id, user_id, account_name, account_type, account_number, balance, currency, is_active, created_at, updated_at,
                             created_by, updated_by)
SELECT o.id, o.user_id, o.account_name, o.account_type, o.account_number, o.opening + o.total, o.currency, o.is_active, o.created_at,
       o.created_at, o.created_by, o.created_by
  FROM opened o ORDER BY o.n
