-- What stands beside each entry that has nothing beside it yet, under the same id; who wrote it without a user is the platform.
INSERT INTO public.audit_details (id, log, entry_id, format, actor_kind, actor_name, request_id, outcome)
SELECT e.id, e.log, e.id, 1, CASE WHEN u.id IS NULL THEN 'db' ELSE 'user' END, coalesce(u.username, 'nexus_platform'),
       CASE WHEN e.context = 'console' THEN md5(e.id::text) END, CASE WHEN e.action = 'login_failed' THEN 'failed' END
  FROM (SELECT 'audit_logs' AS log, l.id, l.action, l.context, l.user_id FROM public.audit_logs l
        UNION ALL
        SELECT 'ssot_audit_logs', l.id, l.action, l.context, l.user_id::uuid FROM public.ssot_audit_logs l
         WHERE l.user_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') AS e
  LEFT JOIN public.users u ON u.id = e.user_id
 WHERE NOT EXISTS (SELECT 1 FROM public.audit_details d WHERE d.log = e.log AND d.entry_id = e.id)
