-- The guard stands, and what people keep is watched.
SELECT want.relation || ' has no enabled trigger ' || want.trigger AS reason
  FROM (VALUES ('users', 'nexus_guard'), ('console_preferences', 'audit_console_preferences'),
               ('session_state', 'audit_session_state'), ('one_time_links', 'audit_one_time_links')
       ) AS want (relation, trigger)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = pg_catalog.to_regclass('public.' || want.relation)
                      AND t.tgname = want.trigger AND t.tgenabled <> 'D')
