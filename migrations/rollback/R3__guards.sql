-- Back to tables without guards; what the side tables held goes with them.
DROP TRIGGER nexus_open_ledger ON public.accounts;
DROP TRIGGER nexus_guard ON public.users;
DROP TRIGGER nexus_guard ON public.accounts;
DROP TRIGGER nexus_guard ON public.transactions;
DROP FUNCTION public.nexus_guard_users();
DROP FUNCTION public.nexus_guard_money();
DROP FUNCTION public.nexus_decide(uuid, text, text, text);
DROP FUNCTION public.nexus_open_ledger();
DROP FUNCTION public.nexus_effect(text, numeric);
DROP TABLE public.account_ledger, public.transaction_approvals, public.one_time_links, public.session_state,
           public.console_preferences;
