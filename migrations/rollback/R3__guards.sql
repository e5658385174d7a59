-- Back to tables without guards; what people kept in the side tables goes with them.
DROP TRIGGER nexus_guard ON public.users;
DROP FUNCTION public.nexus_guard_users();
DROP TABLE public.one_time_links, public.session_state, public.console_preferences;
