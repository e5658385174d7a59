-- What every balance must be, and what became of one that was not. The invariant, for every account at any time:
--     balance = opening balance + effects of its completed transactions + corrections
-- Evidence refers to nothing by foreign key, so that it neither vanishes with what it speaks of nor keeps the
-- platform from deleting it.

CREATE TABLE public.account_ledger (
    id              uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    account_id      uuid NOT NULL UNIQUE,
    opening_balance numeric NOT NULL,
    frozen_since    timestamptz,
    frozen_reason   text,
    CHECK ((frozen_since IS NULL) = (frozen_reason IS NULL))
);
CREATE INDEX nexus_account_ledger_frozen ON public.account_ledger (frozen_since) WHERE frozen_since IS NOT NULL;

-- One person's word on a drift; two who say the same resolve it.
CREATE TABLE public.ledger_decisions (
    id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    account_id uuid NOT NULL,
    decider    uuid NOT NULL,
    resolution text NOT NULL CHECK (resolution IN ('restore', 'accept')),
    difference numeric NOT NULL,
    reason     text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX nexus_ledger_decisions_account_id ON public.ledger_decisions (account_id, decided_at);

CREATE TABLE public.account_ledger_corrections (
    id           uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    account_id   uuid NOT NULL,
    amount       numeric NOT NULL CHECK (amount <> 'NaN'),
    decision_id  uuid NOT NULL UNIQUE,
    corrected_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX nexus_account_ledger_corrections_account_id ON public.account_ledger_corrections (account_id);

-- How far below zero an account may go whose type allows it at all; no row: no floor.
CREATE TABLE public.account_limits (
    id             uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    account_id     uuid NOT NULL UNIQUE REFERENCES public.accounts (id) ON DELETE CASCADE,
    lowest_balance numeric(15, 2) NOT NULL CHECK (lowest_balance <> 'NaN'),
    created_at     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- When the invariant was last looked at: in full, or what has changed and the next stretch of the rest.
CREATE TABLE public.ledger_checks (
    id           uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    extent       text NOT NULL CHECK (extent IN ('full', 'changed')),
    requested_by uuid,
    started_at   timestamptz NOT NULL,
    finished_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    accounts     bigint NOT NULL,
    drifts       bigint NOT NULL,
    -- The last account of the stretch, in the order of their ids; the next check goes on behind it.
    walked_to    uuid,
    -- Of a full check, as it stood at that moment: the sums of each currency, and the transfers that are not sound.
    totals       jsonb
);
CREATE INDEX nexus_ledger_checks_finished_at ON public.ledger_checks (finished_at);

-- What a completed transaction adds to its account's balance. A transfer's debit leg carries its own sign. Its body
-- is bound when it is made, so no search path reaches into it, and it costs nothing where it is used.
CREATE FUNCTION public.nexus_effect(transaction_type text, amount numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN transaction_type IN ('deposit', 'interest', 'transfer') THEN amount
                WHEN transaction_type IN ('withdrawal', 'payment', 'fee') THEN -amount
           END;

-- An account that is already here opens with what its completed transactions do not explain. The rows are ours and
-- say nothing new, so they are written before their table is watched.
INSERT INTO public.account_ledger (account_id, opening_balance, frozen_since, frozen_reason)
SELECT opened.id,
       CASE WHEN opened.opening = 'NaN' THEN 0 ELSE opened.opening END,
       CASE WHEN opened.opening = 'NaN' THEN CURRENT_TIMESTAMP END,
       CASE WHEN opened.opening = 'NaN' THEN 'The balance, or an amount behind it, is not a number' END
  FROM (SELECT a.id, coalesce(a.balance, 0) - coalesce(moved.total, 0) AS opening
          FROM public.accounts a
          LEFT JOIN (SELECT t.account_id, sum(public.nexus_effect(t.transaction_type, t.amount)) AS total
                       FROM public.transactions t
                      WHERE t.status = 'completed'
                      GROUP BY t.account_id) AS moved ON moved.account_id = a.id) AS opened;

CREATE FUNCTION public.nexus_open_ledger() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.account_ledger (account_id, opening_balance, frozen_since, frozen_reason)
    VALUES (NEW.id,
            CASE WHEN NEW.balance = 'NaN' THEN 0 ELSE coalesce(NEW.balance, 0) END,
            CASE WHEN NEW.balance = 'NaN' THEN CURRENT_TIMESTAMP END,
            CASE WHEN NEW.balance = 'NaN' THEN 'The balance is not a number' END)
    ON CONFLICT (account_id) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER nexus_open_ledger AFTER INSERT ON public.accounts
    FOR EACH ROW EXECUTE FUNCTION public.nexus_open_ledger();

-- The invariant. Scalar subselects, so that one account, a hundred or all of them each take the plan they need.
CREATE VIEW public.nexus_ledger AS
SELECT a.id AS account_id,
       coalesce(a.balance, 0) AS balance,
       l.opening_balance
           + coalesce((SELECT sum(public.nexus_effect(t.transaction_type, t.amount))
                         FROM public.transactions t
                        WHERE t.account_id = a.id AND t.status = 'completed'), 0)
           + coalesce((SELECT sum(c.amount)
                         FROM public.account_ledger_corrections c
                        WHERE c.account_id = a.id), 0) AS expected
  FROM public.accounts a
  JOIN public.account_ledger l ON l.account_id = a.id;

-- A snapshot from before the locks would hide what was committed while they were waited for.
CREATE FUNCTION public.nexus_expect_fresh() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'money is decided at read committed'
            USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_isolation', TABLE = 'transactions';
    END IF;
END
$$;

-- Who is deciding: an active administrator or manager. Held until the decision is made, so that nobody loses the
-- right in the middle of using it.
CREATE FUNCTION public.nexus_decider() RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor record;
    held  uuid;
BEGIN
    PERFORM public.nexus_expect_fresh();
    IF public.nexus_setting('actor') IS NULL THEN
        RAISE EXCEPTION 'no actor: a decision needs somebody who takes it'
            USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor';
    END IF;
    SELECT a.kind, a.user_id INTO actor FROM public.nexus_actor() a;
    IF actor.kind = 'user' THEN
        SELECT u.id INTO held FROM public.users u
         WHERE u.id = actor.user_id AND u.is_active AND u.role IN ('admin', 'manager') FOR SHARE;
    END IF;
    IF held IS NULL THEN
        RAISE EXCEPTION 'only an active administrator or manager decides'
            USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_decider', TABLE = 'transactions';
    END IF;
    RETURN held;
END
$$;

-- Compares one account with its entries, nobody moving either meanwhile, and freezes it where they differ.
-- Answers with balance minus expected: 0 where all is well.
CREATE FUNCTION public.nexus_check_account(account_id uuid) RETURNS numeric
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state record;
BEGIN
    PERFORM FROM public.accounts a WHERE a.id = nexus_check_account.account_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT l.balance, l.expected INTO state FROM public.nexus_ledger l
     WHERE l.account_id = nexus_check_account.account_id;
    IF state.balance IS DISTINCT FROM state.expected THEN
        UPDATE public.account_ledger l
           SET frozen_since = clock_timestamp(),
               frozen_reason = 'The balance is ' || state.balance || ', its entries say ' || state.expected
         WHERE l.account_id = nexus_check_account.account_id AND l.frozen_since IS NULL;
    END IF;
    RETURN state.balance - state.expected;
END
$$;

-- Ends a drift when two people say the same about the same difference: `restore` lets the entries win, `accept` the
-- balance. Answers with the id of this person's decision.
CREATE FUNCTION public.nexus_resolve_drift(account_id uuid, resolution text, difference numeric, reason text)
    RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    person         uuid := public.nexus_decider();
    why            text := btrim(coalesce(nexus_resolve_drift.reason, ''), E' \t\r\n');
    since          timestamptz;
    state          record;
    verdict        uuid := public.nexus_uuid7();
    reason_before  text := coalesce(current_setting('nexus.reason', true), '');
    verdict_before text := coalesce(current_setting('nexus.approval', true), '');
BEGIN
    IF nexus_resolve_drift.resolution IS NULL OR nexus_resolve_drift.resolution NOT IN ('restore', 'accept') THEN
        RAISE EXCEPTION 'a drift is resolved by restore or by accept'
            USING ERRCODE = 'NX009', CONSTRAINT = 'nexus_decision';
    END IF;
    PERFORM FROM public.accounts a WHERE a.id = nexus_resolve_drift.account_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such account' USING ERRCODE = 'NX006', CONSTRAINT = 'nexus_account';
    END IF;
    SELECT l.frozen_since INTO since FROM public.account_ledger l
     WHERE l.account_id = nexus_resolve_drift.account_id;
    IF since IS NULL THEN
        RAISE EXCEPTION 'the account is not frozen: there is nothing to resolve'
            USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_frozen';
    END IF;
    IF why = '' OR length(why) > 2000 THEN
        RAISE EXCEPTION 'a resolution needs a reason of at most 2000 characters'
            USING ERRCODE = 'NX008', CONSTRAINT = 'nexus_reason';
    END IF;
    SELECT l.balance, l.expected, l.balance - l.expected AS difference INTO state FROM public.nexus_ledger l
     WHERE l.account_id = nexus_resolve_drift.account_id;
    IF state.difference IS DISTINCT FROM nexus_resolve_drift.difference THEN
        RAISE EXCEPTION 'the difference is another one by now'
            USING ERRCODE = 'NX015', CONSTRAINT = 'nexus_digest';
    END IF;
    IF state.expected = 'NaN' OR (nexus_resolve_drift.resolution = 'accept' AND state.difference = 'NaN')
       OR abs(state.expected) > 9999999999999.99 THEN
        RAISE EXCEPTION 'a balance that is not a number cannot be kept'
            USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_amount';
    END IF;
    IF EXISTS (SELECT 1 FROM public.ledger_decisions d
                WHERE d.account_id = nexus_resolve_drift.account_id AND d.decider = person AND d.decided_at >= since
                  AND d.resolution = nexus_resolve_drift.resolution AND d.difference = state.difference) THEN
        RAISE EXCEPTION 'you have said so already' USING ERRCODE = 'NX018', CONSTRAINT = 'nexus_repeated';
    END IF;

    PERFORM set_config('nexus.reason', why, true), set_config('nexus.approval', verdict::text, true);
    INSERT INTO public.ledger_decisions (id, account_id, decider, resolution, difference, reason, decided_at)
    VALUES (verdict, nexus_resolve_drift.account_id, person, nexus_resolve_drift.resolution, state.difference, why,
            clock_timestamp());
    IF EXISTS (SELECT 1 FROM public.ledger_decisions d
                 JOIN public.users u ON u.id = d.decider AND u.is_active AND u.role IN ('admin', 'manager')
                WHERE d.account_id = nexus_resolve_drift.account_id AND d.decider <> person AND d.decided_at >= since
                  AND d.resolution = nexus_resolve_drift.resolution AND d.difference = state.difference) THEN
        IF nexus_resolve_drift.resolution = 'restore' THEN
            UPDATE public.accounts a SET balance = state.expected WHERE a.id = nexus_resolve_drift.account_id;
        ELSIF state.difference <> 0 THEN
            INSERT INTO public.account_ledger_corrections (account_id, amount, decision_id)
            VALUES (nexus_resolve_drift.account_id, state.difference, verdict);
        END IF;
        UPDATE public.account_ledger l SET frozen_since = NULL, frozen_reason = NULL
         WHERE l.account_id = nexus_resolve_drift.account_id;
    END IF;
    PERFORM set_config('nexus.reason', reason_before, true), set_config('nexus.approval', verdict_before, true);
    RETURN verdict;
END
$$;

-- Only an administrator lets an account go further below zero, or changes how many decide and for how long.
CREATE FUNCTION public.nexus_guard_limits() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF public.nexus_is_console()
       AND NOT EXISTS (SELECT 1 FROM public.nexus_actor() actor
                         JOIN public.users u ON u.id = actor.user_id
                        WHERE actor.kind = 'user' AND u.is_active AND u.role = 'admin') THEN
        RAISE EXCEPTION 'only an administrator changes what holds money back'
            USING ERRCODE = 'NX026', CONSTRAINT = 'nexus_administrator', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN coalesce(NEW, OLD);
END
$$;
-- An account that goes takes its limit along: that is the account's own deletion, not a change of the limit.
CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE OR DELETE ON public.account_limits
    FOR EACH ROW WHEN (pg_catalog.pg_trigger_depth() = 0) EXECUTE FUNCTION public.nexus_guard_limits();
CREATE TRIGGER update_account_limits_updated_at BEFORE UPDATE ON public.account_limits
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['account_ledger', 'ledger_decisions', 'account_ledger_corrections',
                                   'account_limits', 'ledger_checks']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes()', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
    FOREACH subject IN ARRAY ARRAY['ledger_decisions', 'account_ledger_corrections', 'ledger_checks']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_append_only BEFORE UPDATE OR DELETE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION public.nexus_open_ledger(), public.nexus_decider(), public.nexus_check_account(uuid),
                           public.nexus_resolve_drift(uuid, text, numeric, text), public.nexus_guard_limits()
  FROM PUBLIC;
