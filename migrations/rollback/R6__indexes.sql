-- Back to the documented indexes alone. Those still being built are waited for; a name that is somebody else's stays.
DO $$
DECLARE
    ours record;
BEGIN
    FOR ours IN
        SELECT wanted.name
          FROM public.nexus_indexes() AS wanted
          JOIN pg_catalog.pg_index i ON i.indexrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', wanted.name))
         WHERE i.indrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', wanted.relation))
    LOOP
        EXECUTE pg_catalog.format('DROP INDEX public.%I', ours.name);
    END LOOP;
END
$$;
DROP FUNCTION public.nexus_missing_indexes();
DROP FUNCTION public.nexus_indexes();
