DO $$
DECLARE
    aside record;
BEGIN
    FOR aside IN SELECT s.name, s.relation, s.place, s.definition FROM pg_temp.nexus_demo_set_aside s ORDER BY s.place LOOP
        IF aside.place > 9000000000 THEN
            EXECUTE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %s %s', aside.relation, aside.name, aside.definition);
        ELSE
            EXECUTE aside.definition;
        END IF;
    END LOOP;
END
$$;
