-- $1: transactions; $2: today.
INSERT INTO public.transactions (id, account_id, transaction_type, amount, description, reference_number, status, transaction_date, processed_at,
                                 created_at, updated_at, created_by, updated_by)
SELECT t.id, t.account_id, t.transaction_type, t.amount, t.description, t.reference_number, t.status, t.transaction_date, t.processed_at,
       t.created_at, t.updated_at, t.created_by, t.updated_by
  FROM generate_series(1, $1::bigint) AS n
 CROSS JOIN LATERAL pg_temp.nexus_demo_transaction(n, $1, $2) AS t
