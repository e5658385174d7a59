-- $1: transactions; $2: today. Source and target bear the moment of the source.
INSERT INTO public.transaction_transfers (id, source_id, target_id, created_at)
SELECT pg_temp.nexus_demo_id('transfer', n, at), pg_temp.nexus_demo_id('transaction', n, at), pg_temp.nexus_demo_id('transaction', n + 1, at),
       pg_temp.nexus_demo_time(at)
  FROM (SELECT n, pg_temp.nexus_demo_moment(n, $1, $2) AS at
          FROM generate_series(2, $1::bigint, 2) AS n
         WHERE pg_temp.nexus_demo_is_leg(n, $1)
        OFFSET 0) AS source
