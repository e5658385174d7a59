-- Back to balances that nothing explains; openings, corrections, limits and checks go with it.
DROP TRIGGER nexus_open_ledger ON public.accounts;
DROP FUNCTION public.nexus_resolve_drift(uuid, text, numeric, text);
DROP FUNCTION public.nexus_check_account(uuid);
DROP FUNCTION public.nexus_decider();
DROP FUNCTION public.nexus_expect_fresh();
DROP FUNCTION public.nexus_open_ledger();
DROP VIEW public.nexus_ledger;
DROP TABLE public.account_ledger, public.ledger_decisions, public.account_ledger_corrections, public.account_limits,
           public.ledger_checks;
DROP FUNCTION public.nexus_guard_limits();
DROP FUNCTION public.nexus_effect(text, numeric);
