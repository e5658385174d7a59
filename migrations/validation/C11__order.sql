-- Ids made one after the other stand in that order, and entries have the time of their write.
SELECT 'nexus_uuid7 makes ids that do not stand in the order they are made in' AS reason
  FROM (SELECT made.id, pg_catalog.lag(made.id) OVER (ORDER BY made.place) AS before
          FROM (SELECT place, public.nexus_uuid7() AS id, pg_catalog.pg_sleep(0.00001)
                  FROM pg_catalog.generate_series(1, 20) AS place OFFSET 0) AS made) AS pairs
 WHERE pairs.id < pairs.before
UNION ALL
SELECT p.proname || ' does not say when an entry was written'
  FROM pg_catalog.pg_proc p
 WHERE p.pronamespace = 'public'::pg_catalog.regnamespace AND p.proname IN ('log_ssot_changes', 'nexus_event')
   AND p.prosrc NOT LIKE '%clock_timestamp%'
