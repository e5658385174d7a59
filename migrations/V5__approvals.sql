-- The one door money moves through: who may decide, how many it takes, what they saw, and what then happens, all in
-- one transaction. No role is exempt. The console can do nothing to a status or a balance but through it.
--
-- What the door answers when it refuses, by SQLSTATE:
--   NX001 no actor            NX009 unknown decision     NX018 said already
--   NX003 not pending         NX014 nobody made it       NX019 amount or transfer unsound
--   NX004 not by this door    NX015 changed meanwhile    NX020 expired
--   NX006 no such record      NX016 account withheld     NX021 a question is open, or none is
--   NX007 not this person     NX017 too little money     NX022 the rule cannot be read
--   NX008 reason              NX013 would strand items   NX023 reversal unsound     NX025 a leg of a transfer

-- Evidence, and so without foreign keys. A transfer's decision is a row for each leg.
CREATE TABLE public.transaction_approvals (
    id             uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    transaction_id uuid NOT NULL,
    decider        uuid,
    decision       text NOT NULL CHECK (decision IN ('approve', 'reject', 'withdraw', 'expire')),
    reason         text,
    digest         text,
    -- The canonical bytes the digest is of, so that anybody can work it out again: sha256 of this, in hex.
    statement      text,
    balance_seen   numeric,
    decided_at     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    rule_applied   text
);
CREATE INDEX nexus_transaction_approvals_transaction_id ON public.transaction_approvals (transaction_id, decided_at);
CREATE INDEX nexus_transaction_approvals_decider ON public.transaction_approvals (decider, decided_at);
-- The door checks both before; these hold whatever the door forgets.
CREATE UNIQUE INDEX nexus_transaction_approvals_once ON public.transaction_approvals (transaction_id, decider, digest)
    WHERE decision = 'approve';
CREATE UNIQUE INDEX nexus_transaction_approvals_final ON public.transaction_approvals (transaction_id)
    WHERE decision <> 'approve';

CREATE TABLE public.transaction_transfers (
    id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    source_id  uuid NOT NULL UNIQUE,
    target_id  uuid NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CHECK (source_id <> target_id)
);

CREATE TABLE public.transaction_reversals (
    id          uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    original_id uuid NOT NULL,
    reversal_id uuid NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX nexus_transaction_reversals_original_id ON public.transaction_reversals (original_id);

-- The third answer. A transfer's question stands at its source leg.
CREATE TABLE public.transaction_questions (
    id             uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    transaction_id uuid NOT NULL,
    asked_by       uuid NOT NULL,
    question       text NOT NULL,
    asked_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    -- How it ended: the maker answered, somebody edited the transaction, or it was decided all the same.
    outcome        text CHECK (outcome IN ('answered', 'edited', 'decided')),
    answered_by    uuid,
    answer         text,
    answered_at    timestamptz,
    CHECK ((outcome IS NULL) = (answered_at IS NULL))
);
CREATE INDEX nexus_transaction_questions_transaction_id ON public.transaction_questions (transaction_id, asked_at);
CREATE UNIQUE INDEX nexus_transaction_questions_open ON public.transaction_questions (transaction_id)
    WHERE outcome IS NULL;

-- What was pending before this console came does not expire until an administrator has looked at it.
CREATE TABLE public.expiry_holds (
    id             uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    transaction_id uuid NOT NULL UNIQUE,
    held_since     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO public.expiry_holds (transaction_id) SELECT t.id FROM public.transactions t WHERE t.status = 'pending';

-- A selection as it was looked at, and what became of each of it.
CREATE TABLE public.decision_runs (
    id          uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    decider     uuid NOT NULL,
    -- The table whose rows were selected, and what is done to each.
    subject     text NOT NULL DEFAULT 'transactions',
    decision    text NOT NULL,
    reason      text,
    state       text NOT NULL DEFAULT 'previewed' CHECK (state IN ('previewed', 'running', 'finished')),
    -- Where the order came from: every decision of the run says the same.
    ip_address  inet,
    user_agent  text,
    request_id  text,
    session_id  uuid,
    created_at  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    started_at  timestamptz,
    finished_at timestamptz,
    CHECK ((subject, decision) IN (('transactions', 'approve'), ('transactions', 'reject'), ('users', 'deactivate'),
                                   ('api_keys', 'revoke'), ('user_sessions', 'revoke'), ('notifications', 'read'),
                                   ('ssot_api_aliases', 'deactivate')))
);
CREATE INDEX nexus_decision_runs_running ON public.decision_runs (started_at) WHERE state = 'running';
CREATE INDEX nexus_decision_runs_decider ON public.decision_runs (decider, created_at);

CREATE TABLE public.decision_run_items (
    id             uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    run_id         uuid NOT NULL REFERENCES public.decision_runs (id),
    position       integer NOT NULL,
    record_id      uuid NOT NULL,
    digest         text NOT NULL,
    -- What it was called when somebody looked at it; empty for a transaction, which keeps its own words.
    name           text,
    detail         text,
    -- What the preview said of it; empty: nothing stood in the way.
    obstacle       text,
    outcome        text CHECK (outcome IN ('posted', 'approved', 'rejected', 'done', 'refused', 'skipped')),
    message        text,
    approval_id    uuid,
    decided_at     timestamptz,
    UNIQUE (run_id, position),
    UNIQUE (run_id, record_id)
);
CREATE INDEX nexus_decision_run_items_open ON public.decision_run_items (run_id, position) WHERE outcome IS NULL;

-- ── The rule ───────────────────────────────────────────────────────────────────────────────────────────────────
-- {"*": [{"from": "0.00", "approvers": 1}, {"from": "10000.00", "approvers": 2}], "JPY": […]}: for each currency, or
-- for every other one under "*", how many distinct people it takes from which amount on.
CREATE FUNCTION public.nexus_approval_tiers() RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT s.setting_value FROM public.system_settings s
                      WHERE s.setting_key = 'approval_tiers' AND s.is_active IS NOT FALSE),
                    '{"*": [{"from": "0.00", "approvers": 1}, {"from": "10000.00", "approvers": 2}]}')
$$;

-- What is wrong with a rule, as a sentence; NULL where nothing is.
CREATE FUNCTION public.nexus_tiers_fault(tiers jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    currency  text;
    steps     jsonb;
    step      jsonb;
    threshold numeric;
    needed    integer;
BEGIN
    IF jsonb_typeof(tiers) IS DISTINCT FROM 'object' THEN
        RETURN 'The rule is an object: a list of tiers for each currency, and one for all others under "*".';
    END IF;
    IF NOT tiers ? '*' THEN
        RETURN 'The rule says nothing of other currencies: add the tiers for "*".';
    END IF;
    FOR currency, steps IN SELECT e.key, e.value FROM jsonb_each(tiers) e LOOP
        IF currency <> '*' AND currency !~ '^[A-Z]{3}$' THEN
            RETURN format('"%s" is no currency: three capital letters, or "*" for all others.', left(currency, 40));
        END IF;
        IF jsonb_typeof(steps) <> 'array' OR jsonb_array_length(steps) NOT BETWEEN 1 AND 20 THEN
            RETURN format('%s needs a list of 1 to 20 tiers.', currency);
        END IF;
        threshold := NULL;
        needed := 0;
        FOR step IN SELECT e.value FROM jsonb_array_elements(steps) e LOOP
            IF jsonb_typeof(step) <> 'object' OR step - 'from' - 'approvers' <> '{}'
               OR jsonb_typeof(step -> 'from') IS DISTINCT FROM 'string'
               OR step ->> 'from' !~ '^[0-9]{1,13}(\.[0-9]{1,2})?$'
               OR jsonb_typeof(step -> 'approvers') IS DISTINCT FROM 'number'
               OR step ->> 'approvers' !~ '^[1-9]$' THEN
                RETURN format('A tier of %s is {"from": "10000.00", "approvers": 2}, with 1 to 9 approvers.', currency);
            END IF;
            IF threshold IS NULL AND (step ->> 'from')::numeric <> 0 THEN
                RETURN format('The first tier of %s starts from "0.00".', currency);
            END IF;
            IF threshold >= (step ->> 'from')::numeric OR needed > (step ->> 'approvers')::integer THEN
                RETURN format('The tiers of %s rise: each starts from more, and takes no fewer people.', currency);
            END IF;
            threshold := (step ->> 'from')::numeric;
            needed := (step ->> 'approvers')::integer;
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.nexus_approvers_needed(tiers jsonb, currency text, amount numeric) RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT max((step ->> 'approvers')::integer)
      FROM jsonb_array_elements(coalesce(tiers -> currency, tiers -> '*')) AS step
     WHERE (step ->> 'from')::numeric <= abs(amount)
$$;

-- A rule that says the same is the same version, whenever it was saved.
CREATE FUNCTION public.nexus_rule_version(tiers jsonb) RETURNS text
    LANGUAGE sql STABLE
    RETURN left(encode(sha256(convert_to(tiers::text, 'UTF8')), 'hex'), 16);

CREATE FUNCTION public.nexus_expiry_days() RETURNS integer
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT CASE WHEN s.setting_value::text ~ '^[1-9][0-9]{0,3}$' THEN s.setting_value::text::integer END
                       FROM public.system_settings s
                      WHERE s.setting_key = 'approval_expiry_days' AND s.is_active IS NOT FALSE), 30)
$$;

-- When a pending transaction expires; NULL: it does not. Dates beyond all calendars are legal, and stay far away
-- without overflowing.
CREATE FUNCTION public.nexus_expires_at(transaction_id uuid, created_at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT least(greatest(nexus_expires_at.created_at, '0001-01-01 UTC'), '9999-01-01 UTC')
               + make_interval(days => public.nexus_expiry_days())
     WHERE NOT EXISTS (SELECT 1 FROM public.expiry_holds h WHERE h.transaction_id = nexus_expires_at.transaction_id)
$$;

-- ── What was seen ──────────────────────────────────────────────────────────────────────────────────────────────
-- What is decided together: both legs of a transfer, the source first, or a transaction alone.
CREATE FUNCTION public.nexus_unit(transaction_id uuid) RETURNS uuid[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT ARRAY[l.source_id, l.target_id] FROM public.transaction_transfers l
                      WHERE nexus_unit.transaction_id IN (l.source_id, l.target_id)), ARRAY[nexus_unit.transaction_id])
$$;

CREATE FUNCTION public.nexus_statement_line(name text, content text) RETURNS text
    LANGUAGE sql STABLE
    RETURN name || ' ' || coalesce(octet_length(convert_to(content, 'UTF8')) || ':' || content, '-') || E'\n';

-- Version 1 of the canonical bytes, in UTF-8: the line "nexus approval 1", then lines of a name, a space, and either
-- the length of the content in bytes, a colon and the content, or "-" where there is none. Lengths make it
-- unambiguous whatever a description holds. The order is fixed: the rule, then each leg. Neither the balance nor the
-- approvals so far are in it: money is counted at the door, and one approver does not undo another.
CREATE FUNCTION public.nexus_approval_statement(transaction_id uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT E'nexus approval 1\n'
        || public.nexus_statement_line('rule', public.nexus_rule_version(public.nexus_approval_tiers()))
        || string_agg(public.nexus_statement_line('leg', t.id::text)
                   || public.nexus_statement_line('account', t.account_id::text)
                   || public.nexus_statement_line('active', coalesce(a.is_active, true)::text)
                   || public.nexus_statement_line('type', t.transaction_type)
                   || public.nexus_statement_line('amount', t.amount::text)
                   || public.nexus_statement_line('currency', a.currency)
                   || public.nexus_statement_line('description', t.description)
                   || public.nexus_statement_line('reference', t.reference_number)
                   || public.nexus_statement_line('editor', t.updated_by::text), '' ORDER BY leg.position)
      FROM unnest(public.nexus_unit(nexus_approval_statement.transaction_id)) WITH ORDINALITY AS leg (id, position)
      JOIN public.transactions t ON t.id = leg.id
      JOIN public.accounts a ON a.id = t.account_id
$$;

CREATE FUNCTION public.nexus_digest(statement text) RETURNS text
    LANGUAGE sql STABLE
    RETURN encode(sha256(convert_to(statement, 'UTF8')), 'hex');

-- Whose approval of exactly this counts: not of whoever has lost the right since, nor of whoever made or edited a leg.
CREATE FUNCTION public.nexus_approvers(transaction_id uuid, digest text) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT d.decider
      FROM public.transaction_approvals d
      JOIN public.users u ON u.id = d.decider AND u.is_active AND u.role IN ('admin', 'manager')
     WHERE d.transaction_id = nexus_approvers.transaction_id AND d.decision = 'approve' AND d.digest = nexus_approvers.digest
       AND NOT EXISTS (SELECT 1 FROM public.transactions t
                        WHERE t.id = ANY (public.nexus_unit(d.transaction_id)) AND d.decider IN (t.created_by, t.updated_by))
$$;

-- How low an account may go: NULL, as low as it likes.
CREATE FUNCTION public.nexus_floor(account_id uuid, account_type text) RETURNS numeric
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN account_type IN ('credit', 'loan', 'investment')
                THEN (SELECT l.lowest_balance FROM public.account_limits l WHERE l.account_id = nexus_floor.account_id)
                ELSE 0
           END
$$;

-- ── The door ───────────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION public.nexus_reason(given text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    why text := btrim(coalesce(given, ''), E' \t\r\n');
BEGIN
    IF why = '' OR length(why) > 2000 THEN
        RAISE EXCEPTION 'a reason is needed, of at most 2000 characters'
            USING ERRCODE = 'NX008', CONSTRAINT = 'nexus_reason', TABLE = 'transactions';
    END IF;
    RETURN why;
END
$$;

-- Locks what is decided together, always in the order of the ids, transactions before accounts, and answers with
-- it: what is read from here on is what the decision is about.
CREATE FUNCTION public.nexus_hold(transaction_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unit uuid[] := public.nexus_unit(nexus_hold.transaction_id);
BEGIN
    PERFORM public.nexus_expect_fresh();
    PERFORM FROM public.transactions t WHERE t.id = ANY (unit) ORDER BY t.id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such transaction'
            USING ERRCODE = 'NX006', CONSTRAINT = 'nexus_transaction', TABLE = 'transactions';
    END IF;
    PERFORM FROM public.accounts a
      WHERE a.id IN (SELECT t.account_id FROM public.transactions t WHERE t.id = ANY (unit))
      ORDER BY a.id FOR NO KEY UPDATE;
    RETURN unit;
END
$$;

-- Refuses what is no longer pending, and says whether time or somebody ended it.
CREATE FUNCTION public.nexus_expect_pending(unit uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.transactions t WHERE t.id = ANY (unit) AND t.status IS DISTINCT FROM 'pending') THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM public.transaction_approvals d WHERE d.transaction_id = ANY (unit) AND d.decision = 'expire') THEN
        RAISE EXCEPTION 'the transaction has expired'
            USING ERRCODE = 'NX020', CONSTRAINT = 'nexus_expired', TABLE = 'transactions', COLUMN = 'status';
    END IF;
    RAISE EXCEPTION 'the transaction is no longer pending'
        USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_pending', TABLE = 'transactions', COLUMN = 'status';
END
$$;

-- Refuses what nobody decided in time, by the clock of now: whoever decides may have waited, or begun long ago.
CREATE FUNCTION public.nexus_expect_in_time(unit uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.transactions t
                WHERE t.id = ANY (unit) AND public.nexus_expires_at(t.id, t.created_at) <= clock_timestamp()) THEN
        RAISE EXCEPTION 'the transaction has expired'
            USING ERRCODE = 'NX020', CONSTRAINT = 'nexus_expired', TABLE = 'transactions', COLUMN = 'status';
    END IF;
END
$$;

-- Whoever decides must be neither maker nor last editor of any leg, and must have seen what is there.
CREATE FUNCTION public.nexus_expect_decider(unit uuid[], person uuid) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM public.transactions t WHERE t.id = ANY (unit) AND t.created_by = person) THEN
        RAISE EXCEPTION 'you made this one: somebody else decides it'
            USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_maker', TABLE = 'transactions';
    END IF;
    IF EXISTS (SELECT 1 FROM public.transactions t WHERE t.id = ANY (unit) AND t.updated_by = person) THEN
        RAISE EXCEPTION 'you edited this one last: somebody else decides it'
            USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_editor', TABLE = 'transactions';
    END IF;
END
$$;

-- Refuses what may not be posted as it is. Whoever asks holds it, so the answer stands until the transaction ends.
CREATE FUNCTION public.nexus_expect_sound(unit uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    leg        record;
    transfers  integer;
    currencies integer;
    total      numeric;
    after      numeric;
    lowest     numeric;
BEGIN
    IF EXISTS (SELECT 1 FROM public.transactions t WHERE t.id = ANY (unit) AND t.created_by IS NULL) THEN
        RAISE EXCEPTION 'nobody is known to have made it: it can only be rejected'
            USING ERRCODE = 'NX014', CONSTRAINT = 'nexus_maker_unknown', TABLE = 'transactions';
    END IF;
    SELECT count(*) FILTER (WHERE t.transaction_type = 'transfer'), count(DISTINCT coalesce(a.currency, '')), sum(t.amount)
      INTO transfers, currencies, total
      FROM public.transactions t JOIN public.accounts a ON a.id = t.account_id WHERE t.id = ANY (unit);
    IF (cardinality(unit) = 2 AND (transfers <> 2 OR total <> 0))
       OR (cardinality(unit) = 1 AND transfers <> 0)
       OR (SELECT count(DISTINCT coalesce(t.reference_number, '')) FROM public.transactions t WHERE t.id = ANY (unit)) <> 1 THEN
        RAISE EXCEPTION 'a transfer is two linked legs that sum to zero'
            USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_transfer', TABLE = 'transactions';
    END IF;
    IF currencies <> 1 THEN
        RAISE EXCEPTION 'the accounts of a transfer have one currency'
            USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_currency', TABLE = 'transactions';
    END IF;

    FOR leg IN
        SELECT t.id, t.amount, t.transaction_type, public.nexus_effect(t.transaction_type, t.amount) AS effect,
               a.id AS account_id, a.account_type, a.currency, a.is_active, coalesce(a.balance, 0) AS balance,
               l.frozen_since
          FROM public.transactions t
          JOIN public.accounts a ON a.id = t.account_id
          LEFT JOIN public.account_ledger l ON l.account_id = a.id
         WHERE t.id = ANY (unit) ORDER BY t.id
    LOOP
        IF leg.amount = 'NaN' OR leg.amount = 0 OR (leg.amount < 0 AND leg.transaction_type <> 'transfer') THEN
            RAISE EXCEPTION 'the amount is not one that can be posted'
                USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_amount', TABLE = 'transactions', COLUMN = 'amount';
        END IF;
        IF leg.is_active IS FALSE THEN
            RAISE EXCEPTION 'the account is not active'
                USING ERRCODE = 'NX016', CONSTRAINT = 'nexus_account_active', TABLE = 'accounts';
        END IF;
        IF leg.frozen_since IS NOT NULL OR leg.balance = 'NaN' THEN
            RAISE EXCEPTION 'the account is frozen: its balance is not what its entries say'
                USING ERRCODE = 'NX016', CONSTRAINT = 'nexus_account_frozen', TABLE = 'accounts';
        END IF;
        after := leg.balance + leg.effect;
        lowest := public.nexus_floor(leg.account_id, leg.account_type);
        IF leg.effect < 0 AND after < lowest THEN
            RAISE EXCEPTION 'too little money: % short', lowest - after
                USING ERRCODE = 'NX017', CONSTRAINT = 'nexus_funds', TABLE = 'accounts', COLUMN = 'balance',
                      DETAIL = json_build_object('account', leg.account_id, 'short', (lowest - after)::text,
                                                 'balance', leg.balance::text, 'lowest', lowest::text,
                                                 'currency', leg.currency)::text;
        END IF;
        IF abs(after) > 9999999999999.99 THEN
            RAISE EXCEPTION 'the balance would be beyond what an account can hold'
                USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_balance', TABLE = 'accounts', COLUMN = 'balance';
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION public.nexus_decide(transaction_id uuid, decision text, reason text, digest text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor           record;
    unit            uuid[];
    person          uuid;
    tiers           jsonb;
    fault           text;
    statement       text;
    seen            text;
    why             text := nullif(btrim(coalesce(nexus_decide.reason, ''), E' \t\r\n'), '');
    needed          integer;
    so_far          integer;
    applied         text;
    leg             uuid;
    entry           uuid;
    approval        uuid;
    reason_before   text := coalesce(current_setting('nexus.reason', true), '');
    approval_before text := coalesce(current_setting('nexus.approval', true), '');
BEGIN
    IF nexus_decide.decision IS NULL OR nexus_decide.decision NOT IN ('approve', 'reject', 'withdraw', 'expire') THEN
        RAISE EXCEPTION 'this decision is not known'
            USING ERRCODE = 'NX009', CONSTRAINT = 'nexus_decision', TABLE = 'transactions';
    END IF;

    -- Who, before what state it is in: the answer to a stranger does not depend on the state. People first, then
    -- transactions, then accounts: everybody who locks these locks them in this order.
    CASE nexus_decide.decision
        WHEN 'approve', 'reject' THEN
            person := public.nexus_decider();
            unit := public.nexus_hold(nexus_decide.transaction_id);
            PERFORM public.nexus_expect_decider(unit, person);
        WHEN 'withdraw' THEN
            IF public.nexus_setting('actor') IS NULL THEN
                RAISE EXCEPTION 'no actor: a decision needs somebody who takes it'
                    USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor';
            END IF;
            SELECT a.kind, a.user_id INTO actor FROM public.nexus_actor() a;
            SELECT u.id INTO person FROM public.users u
             WHERE actor.kind = 'user' AND u.id = actor.user_id AND u.is_active FOR SHARE;
            unit := public.nexus_hold(nexus_decide.transaction_id);
            IF person IS NULL OR EXISTS (SELECT 1 FROM public.transactions t
                                          WHERE t.id = ANY (unit) AND t.created_by IS DISTINCT FROM person) THEN
                RAISE EXCEPTION 'only whoever made a transaction withdraws it'
                    USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_withdrawer', TABLE = 'transactions';
            END IF;
        WHEN 'expire' THEN
            IF public.nexus_setting('actor') IS NULL THEN
                RAISE EXCEPTION 'no actor: a decision needs somebody who takes it'
                    USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor';
            END IF;
            SELECT a.kind INTO actor FROM public.nexus_actor() a;
            IF actor.kind <> 'system' THEN
                RAISE EXCEPTION 'time alone lets a transaction expire'
                    USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_expirer', TABLE = 'transactions';
            END IF;
            unit := public.nexus_hold(nexus_decide.transaction_id);
    END CASE;

    IF nexus_decide.decision <> 'approve' THEN
        why := public.nexus_reason(why);
    ELSIF length(why) > 2000 THEN
        why := public.nexus_reason(why);
    END IF;

    tiers := public.nexus_approval_tiers();
    statement := public.nexus_approval_statement(nexus_decide.transaction_id);
    seen := public.nexus_digest(statement);
    IF nexus_decide.decision IN ('approve', 'reject')
       AND EXISTS (SELECT 1 FROM public.transaction_approvals d
                    WHERE d.transaction_id = nexus_decide.transaction_id AND d.decider = person
                      AND (d.decision = 'reject' OR (d.decision = 'approve' AND d.digest = seen)
                           OR (d.decision = 'approve'
                               AND EXISTS (SELECT 1 FROM public.transactions t
                                            WHERE t.id = d.transaction_id AND t.status IS DISTINCT FROM 'pending')))) THEN
        RAISE EXCEPTION 'you already decided this'
            USING ERRCODE = 'NX018', CONSTRAINT = 'nexus_repeated', TABLE = 'transactions';
    END IF;
    PERFORM public.nexus_expect_pending(unit);
    IF nexus_decide.decision = 'expire' THEN
        IF NOT EXISTS (SELECT 1 FROM public.transactions t
                        WHERE t.id = ANY (unit) AND public.nexus_expires_at(t.id, t.created_at) <= clock_timestamp()) THEN
            RAISE EXCEPTION 'its time has not come'
                USING ERRCODE = 'NX009', CONSTRAINT = 'nexus_expiry', TABLE = 'transactions';
        END IF;
    ELSIF nexus_decide.decision <> 'withdraw' THEN
        PERFORM public.nexus_expect_in_time(unit);
        IF seen IS DISTINCT FROM nexus_decide.digest THEN
            RAISE EXCEPTION 'it is not what you saw any more'
                USING ERRCODE = 'NX015', CONSTRAINT = 'nexus_digest', TABLE = 'transactions';
        END IF;
    END IF;

    CASE nexus_decide.decision
        WHEN 'approve' THEN
            IF EXISTS (SELECT 1 FROM public.transaction_questions q WHERE q.transaction_id = unit[1] AND q.outcome IS NULL) THEN
                RAISE EXCEPTION 'a question waits for its answer'
                    USING ERRCODE = 'NX021', CONSTRAINT = 'nexus_question', TABLE = 'transactions';
            END IF;
            fault := public.nexus_tiers_fault(tiers);
            IF fault IS NOT NULL THEN
                RAISE EXCEPTION 'the setting approval_tiers cannot be read'
                    USING ERRCODE = 'NX022', CONSTRAINT = 'nexus_rule', TABLE = 'system_settings', DETAIL = fault;
            END IF;
            PERFORM public.nexus_expect_sound(unit);
            SELECT max(public.nexus_approvers_needed(tiers, a.currency, t.amount)) INTO needed
              FROM public.transactions t JOIN public.accounts a ON a.id = t.account_id WHERE t.id = ANY (unit);
            SELECT 1 + count(*) INTO so_far
              FROM public.nexus_approvers(nexus_decide.transaction_id, seen) AS other WHERE other <> person;
            applied := format('approval %s of %s, rule %s', so_far, needed, public.nexus_rule_version(tiers));
        WHEN 'reject' THEN
            applied := 'one rejection is enough';
        WHEN 'withdraw' THEN
            applied := 'withdrawn by its maker';
        WHEN 'expire' THEN
            applied := format('expires after %s days', public.nexus_expiry_days());
    END CASE;

    FOREACH leg IN ARRAY unit LOOP
        entry := public.nexus_uuid7();
        IF leg = nexus_decide.transaction_id THEN
            approval := entry;
        END IF;
        PERFORM set_config('nexus.reason', coalesce(why, ''), true), set_config('nexus.approval', entry::text, true);
        INSERT INTO public.transaction_approvals (id, transaction_id, decider, decision, reason, digest, statement,
                                                  balance_seen, decided_at, rule_applied)
        SELECT entry, t.id, person, nexus_decide.decision, why, seen, statement, a.balance, clock_timestamp(), applied
          FROM public.transactions t JOIN public.accounts a ON a.id = t.account_id WHERE t.id = leg;
        IF nexus_decide.decision <> 'approve' THEN
            UPDATE public.transactions t SET status = 'cancelled' WHERE t.id = leg;
        ELSIF so_far >= needed THEN
            UPDATE public.transactions t SET status = 'completed', processed_at = clock_timestamp() WHERE t.id = leg;
            UPDATE public.accounts a
               SET balance = coalesce(a.balance, 0) + public.nexus_effect(t.transaction_type, t.amount)
              FROM public.transactions t WHERE t.id = leg AND a.id = t.account_id;
        END IF;
    END LOOP;
    PERFORM set_config('nexus.reason', reason_before, true), set_config('nexus.approval', approval_before, true);
    RETURN approval;
END
$$;

-- Asks whoever made it; until that is answered, or the transaction edited, it cannot be approved.
CREATE FUNCTION public.nexus_ask(transaction_id uuid, question text, digest text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    person uuid := public.nexus_decider();
    unit   uuid[] := public.nexus_hold(nexus_ask.transaction_id);
    asked  uuid := public.nexus_uuid7();
    what   text;
BEGIN
    PERFORM public.nexus_expect_decider(unit, person);
    PERFORM public.nexus_expect_pending(unit);
    PERFORM public.nexus_expect_in_time(unit);
    what := public.nexus_reason(nexus_ask.question);
    IF public.nexus_digest(public.nexus_approval_statement(nexus_ask.transaction_id)) IS DISTINCT FROM nexus_ask.digest THEN
        RAISE EXCEPTION 'it is not what you saw any more'
            USING ERRCODE = 'NX015', CONSTRAINT = 'nexus_digest', TABLE = 'transactions';
    END IF;
    IF EXISTS (SELECT 1 FROM public.transactions t WHERE t.id = ANY (unit) AND t.created_by IS NULL) THEN
        RAISE EXCEPTION 'nobody is known to have made it: it can only be rejected'
            USING ERRCODE = 'NX014', CONSTRAINT = 'nexus_maker_unknown', TABLE = 'transactions';
    END IF;
    IF EXISTS (SELECT 1 FROM public.transaction_questions q WHERE q.transaction_id = unit[1] AND q.outcome IS NULL) THEN
        RAISE EXCEPTION 'a question waits for its answer already'
            USING ERRCODE = 'NX021', CONSTRAINT = 'nexus_question', TABLE = 'transactions';
    END IF;
    INSERT INTO public.transaction_questions (id, transaction_id, asked_by, question, asked_at)
    VALUES (asked, unit[1], person, what, clock_timestamp());
    RETURN asked;
END
$$;

CREATE FUNCTION public.nexus_answer(transaction_id uuid, answer text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor    record;
    unit     uuid[];
    answered uuid;
BEGIN
    IF public.nexus_setting('actor') IS NULL THEN
        RAISE EXCEPTION 'no actor: an answer needs somebody who gives it'
            USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor';
    END IF;
    SELECT a.kind, a.user_id INTO actor FROM public.nexus_actor() a;
    unit := public.nexus_hold(nexus_answer.transaction_id);
    IF actor.kind <> 'user' OR NOT EXISTS (SELECT 1 FROM public.users u WHERE u.id = actor.user_id AND u.is_active)
       OR NOT EXISTS (SELECT 1 FROM public.transactions t
                       WHERE t.id = ANY (unit) AND actor.user_id IN (t.created_by, t.updated_by)) THEN
        RAISE EXCEPTION 'only whoever made or last edited a transaction answers for it'
            USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_answerer', TABLE = 'transactions';
    END IF;
    PERFORM public.nexus_expect_pending(unit);
    UPDATE public.transaction_questions q
       SET outcome = 'answered', answered_by = actor.user_id, answer = public.nexus_reason(nexus_answer.answer),
           answered_at = clock_timestamp()
     WHERE q.transaction_id = unit[1] AND q.outcome IS NULL
    RETURNING q.id INTO answered;
    IF answered IS NULL THEN
        RAISE EXCEPTION 'no question waits for an answer'
            USING ERRCODE = 'NX021', CONSTRAINT = 'nexus_no_question', TABLE = 'transactions';
    END IF;
    RETURN answered;
END
$$;

CREATE FUNCTION public.nexus_close_questions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE public.transaction_questions q
       SET outcome = CASE WHEN NEW.status IS DISTINCT FROM 'pending' THEN 'decided' ELSE 'edited' END,
           answered_by = CASE WHEN NEW.status IS DISTINCT FROM 'pending' THEN NULL ELSE NEW.updated_by END,
           answered_at = clock_timestamp()
     WHERE q.transaction_id = (public.nexus_unit(NEW.id))[1] AND q.outcome IS NULL;
    RETURN NULL;
END
$$;

-- ── What comes before the door ─────────────────────────────────────────────────────────────────────────────────
-- Two linked legs, pending until they are decided together. `id` is the source leg's; answers with the target's.
CREATE FUNCTION public.nexus_transfer(id uuid, source uuid, target uuid, amount numeric, description text,
                                      reference_number text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    counter   uuid := public.nexus_uuid7();
    reference text := coalesce(nullif(btrim(nexus_transfer.reference_number), ''),
                               'TRF-' || upper(right(replace(nexus_transfer.id::text, '-', ''), 12)));
    account   record;
    found     integer := 0;
    currency  text;
BEGIN
    IF nexus_transfer.source IS NOT DISTINCT FROM nexus_transfer.target THEN
        RAISE EXCEPTION 'a transfer is between two accounts'
            USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_transfer', TABLE = 'transactions', COLUMN = 'target';
    END IF;
    IF nexus_transfer.amount IS NULL OR nexus_transfer.amount = 'NaN' OR nexus_transfer.amount <= 0
       OR nexus_transfer.amount <> round(nexus_transfer.amount, 2) THEN
        RAISE EXCEPTION 'the amount is not one that can be posted'
            USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_amount', TABLE = 'transactions', COLUMN = 'amount';
    END IF;
    FOR account IN
        SELECT a.id, a.currency, a.is_active, l.frozen_since
          FROM public.accounts a LEFT JOIN public.account_ledger l ON l.account_id = a.id
         WHERE a.id IN (nexus_transfer.source, nexus_transfer.target) ORDER BY a.id FOR SHARE OF a
    LOOP
        found := found + 1;
        IF account.is_active IS FALSE THEN
            RAISE EXCEPTION 'the account is not active'
                USING ERRCODE = 'NX016', CONSTRAINT = 'nexus_account_active', TABLE = 'accounts',
                      COLUMN = CASE WHEN account.id = nexus_transfer.source THEN 'source' ELSE 'target' END;
        END IF;
        IF account.currency IS NULL OR account.currency <> coalesce(currency, account.currency) THEN
            RAISE EXCEPTION 'the accounts of a transfer have one currency'
                USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_currency', TABLE = 'transactions', COLUMN = 'target';
        END IF;
        currency := account.currency;
    END LOOP;
    IF found <> 2 THEN
        RAISE EXCEPTION 'there is no such account' USING ERRCODE = 'NX006', CONSTRAINT = 'nexus_account';
    END IF;
    INSERT INTO public.transactions (id, account_id, transaction_type, amount, description, reference_number)
    VALUES (nexus_transfer.id, nexus_transfer.source, 'transfer', -nexus_transfer.amount, nexus_transfer.description, reference),
           (counter, nexus_transfer.target, 'transfer', nexus_transfer.amount, nexus_transfer.description, reference);
    INSERT INTO public.transaction_transfers (source_id, target_id) VALUES (nexus_transfer.id, counter);
    RETURN counter;
END
$$;

-- A pending transaction that takes a completed one back, once. `id` is the new one's; for a transfer, its source
-- leg's. It is decided like any other.
CREATE FUNCTION public.nexus_reverse(id uuid, original uuid, reason text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unit      uuid[] := public.nexus_hold(nexus_reverse.original);
    why       text := public.nexus_reason(nexus_reverse.reason);
    subject   record;
    reference text;
    words     text;
    effect    numeric;
    counter   uuid;
BEGIN
    SELECT t.account_id, t.reference_number, t.transaction_type, t.amount INTO subject
      FROM public.transactions t WHERE t.id = unit[1];
    IF EXISTS (SELECT 1 FROM public.transactions t WHERE t.id = ANY (unit) AND t.status IS DISTINCT FROM 'completed') THEN
        RAISE EXCEPTION 'only what is completed is reversed'
            USING ERRCODE = 'NX023', CONSTRAINT = 'nexus_completed', TABLE = 'transactions', COLUMN = 'status';
    END IF;
    IF EXISTS (SELECT 1 FROM public.transaction_reversals r JOIN public.transactions t ON t.id = r.reversal_id
                WHERE r.original_id = ANY (unit) AND t.status IN ('pending', 'completed')) THEN
        RAISE EXCEPTION 'it is reversed already, or about to be'
            USING ERRCODE = 'NX023', CONSTRAINT = 'nexus_reversed', TABLE = 'transactions';
    END IF;
    effect := public.nexus_effect(subject.transaction_type, subject.amount);
    IF effect = 'NaN' OR effect = 0 THEN
        RAISE EXCEPTION 'it moved nothing that could be moved back'
            USING ERRCODE = 'NX023', CONSTRAINT = 'nexus_amount', TABLE = 'transactions';
    END IF;
    reference := left('REV-' || coalesce(nullif(subject.reference_number, ''),
                                         upper(right(replace(unit[1]::text, '-', ''), 12))), 100);
    words := format('Reversal of %s: %s', coalesce(nullif(subject.reference_number, ''), unit[1]::text), why);
    IF cardinality(unit) = 2 THEN
        counter := public.nexus_transfer(
            nexus_reverse.id,
            (SELECT t.account_id FROM public.transactions t WHERE t.id = unit[2]), subject.account_id,
            abs(subject.amount), words, reference);
        -- Leg by leg: what the new source takes back is what the old target got.
        INSERT INTO public.transaction_reversals (original_id, reversal_id)
        VALUES (unit[2], nexus_reverse.id), (unit[1], counter);
    ELSE
        IF EXISTS (SELECT 1 FROM public.accounts a WHERE a.id = subject.account_id AND a.is_active IS FALSE) THEN
            RAISE EXCEPTION 'the account is not active'
                USING ERRCODE = 'NX016', CONSTRAINT = 'nexus_account_active', TABLE = 'accounts';
        END IF;
        INSERT INTO public.transactions (id, account_id, transaction_type, amount, description, reference_number)
        VALUES (nexus_reverse.id, subject.account_id, CASE WHEN effect > 0 THEN 'withdrawal' ELSE 'deposit' END,
                abs(effect), words, reference);
        INSERT INTO public.transaction_reversals (original_id, reversal_id) VALUES (unit[1], nexus_reverse.id);
    END IF;
    RETURN nexus_reverse.id;
END
$$;

-- An administrator has seen what waited before the console came, and lets time run for it. Answers with how many.
CREATE FUNCTION public.nexus_release_expiry() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    released bigint;
BEGIN
    IF public.nexus_setting('actor') IS NULL
       OR NOT EXISTS (SELECT 1 FROM public.nexus_actor() actor
                        JOIN public.users u ON u.id = actor.user_id
                       WHERE actor.kind = 'user' AND u.is_active AND u.role = 'admin') THEN
        RAISE EXCEPTION 'only an administrator lets them expire'
            USING ERRCODE = 'NX026', CONSTRAINT = 'nexus_administrator';
    END IF;
    DELETE FROM public.expiry_holds h WHERE true;
    GET DIAGNOSTICS released = ROW_COUNT;
    RETURN released;
END
$$;

-- ── The guards ─────────────────────────────────────────────────────────────────────────────────────────────────
-- Is this change made by one of these functions? Two signs, neither of which the console can forge where it has its
-- own role: the function runs as its owner, and it stands in the call stack. The second is there for a console that
-- has to serve as the owner, where the first says nothing. No setting takes part: anybody may set a setting.
CREATE FUNCTION public.nexus_within(functions text[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stack text;
BEGIN
    GET DIAGNOSTICS stack = PG_CONTEXT;
    RETURN EXISTS (SELECT 1 FROM pg_proc p
                    WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY (functions) AND p.prosecdef
                      AND pg_get_userbyid(p.proowner) = current_user
                      AND strpos(stack, p.oid::regprocedure::text) > 0);
END
$$;

CREATE FUNCTION public.nexus_guard_money() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN coalesce(NEW, OLD);
    END IF;

    IF TG_TABLE_NAME = 'accounts' THEN
        IF TG_OP = 'DELETE' THEN
            IF coalesce(OLD.balance, 0) <> 0
               OR EXISTS (SELECT 1 FROM public.account_ledger l WHERE l.account_id = OLD.id AND l.frozen_since IS NOT NULL) THEN
                RAISE EXCEPTION 'what an account holds would vanish with it'
                    USING ERRCODE = 'NX010', CONSTRAINT = 'nexus_kept', TABLE = TG_TABLE_NAME,
                          HINT = 'Deactivate the account.';
            END IF;
            RETURN OLD;
        END IF;
        IF TG_OP = 'INSERT' AND NEW.balance IS DISTINCT FROM 0 THEN
            RAISE EXCEPTION 'an account opens with nothing'
                USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_door', TABLE = TG_TABLE_NAME, COLUMN = 'balance';
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.balance IS DISTINCT FROM OLD.balance
           AND NOT public.nexus_within(ARRAY['nexus_decide', 'nexus_resolve_drift']) THEN
            RAISE EXCEPTION 'a balance moves only by a decision on a transaction'
                USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_door', TABLE = TG_TABLE_NAME, COLUMN = 'balance';
        END IF;
        RETURN NEW;
    END IF;

    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'transactions are never deleted'
            USING ERRCODE = 'NX010', CONSTRAINT = 'nexus_kept', TABLE = TG_TABLE_NAME,
                  HINT = 'Withdraw it while it is pending; reverse it once it is completed.';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.status IS DISTINCT FROM 'pending' OR NEW.processed_at IS NOT NULL THEN
            RAISE EXCEPTION 'a new transaction is pending'
                USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_pending', TABLE = TG_TABLE_NAME, COLUMN = 'status';
        END IF;
        IF NEW.transaction_type = 'transfer' AND NOT public.nexus_within(ARRAY['nexus_transfer']) THEN
            RAISE EXCEPTION 'a transfer is made of two legs at once'
                USING ERRCODE = 'NX025', CONSTRAINT = 'nexus_transfer', TABLE = TG_TABLE_NAME, COLUMN = 'transaction_type';
        END IF;
        IF NEW.amount = 'NaN' OR NEW.amount = 0 OR (NEW.amount < 0 AND NEW.transaction_type <> 'transfer') THEN
            RAISE EXCEPTION 'an amount is more than zero'
                USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_amount', TABLE = TG_TABLE_NAME, COLUMN = 'amount';
        END IF;
        -- Its age decides when it expires.
        NEW.created_at := CURRENT_TIMESTAMP;
        RETURN NEW;
    END IF;

    IF OLD.status IS DISTINCT FROM 'pending' THEN
        RAISE EXCEPTION 'the transaction is no longer pending'
            USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_pending', TABLE = TG_TABLE_NAME, COLUMN = 'status';
    END IF;
    IF NEW.id <> OLD.id OR ((NEW.status IS DISTINCT FROM OLD.status OR NEW.processed_at IS DISTINCT FROM OLD.processed_at)
                            AND NOT public.nexus_within(ARRAY['nexus_decide'])) THEN
        RAISE EXCEPTION 'a status changes only by a decision'
            USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_door', TABLE = TG_TABLE_NAME, COLUMN = 'status';
    END IF;
    IF (NEW.account_id, NEW.transaction_type, NEW.amount, NEW.reference_number)
           IS DISTINCT FROM (OLD.account_id, OLD.transaction_type, OLD.amount, OLD.reference_number) THEN
        IF 'transfer' IN (OLD.transaction_type, NEW.transaction_type) THEN
            RAISE EXCEPTION 'a transfer is changed as a whole: withdraw it and make it anew'
                USING ERRCODE = 'NX025', CONSTRAINT = 'nexus_transfer', TABLE = TG_TABLE_NAME, COLUMN = 'transaction_type';
        END IF;
        -- What takes something back takes back exactly that, or the original would count as reversed and not be.
        IF (NEW.account_id, NEW.transaction_type, NEW.amount) IS DISTINCT FROM (OLD.account_id, OLD.transaction_type, OLD.amount)
           AND EXISTS (SELECT 1 FROM public.transaction_reversals r WHERE r.reversal_id = OLD.id) THEN
            RAISE EXCEPTION 'a reversal takes back exactly what was: withdraw it and make it anew'
                USING ERRCODE = 'NX023', CONSTRAINT = 'nexus_reversal', TABLE = TG_TABLE_NAME, COLUMN = 'amount';
        END IF;
        IF NEW.amount IS DISTINCT FROM OLD.amount AND (NEW.amount = 'NaN' OR NEW.amount <= 0) THEN
            RAISE EXCEPTION 'an amount is more than zero'
                USING ERRCODE = 'NX019', CONSTRAINT = 'nexus_amount', TABLE = TG_TABLE_NAME, COLUMN = 'amount';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

-- Pending transactions for which there would not be enough people: neither maker nor last editor of any leg, and
-- allowed to decide.
CREATE FUNCTION public.nexus_stranded(tiers jsonb) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    deciders uuid[];
    most     integer;
BEGIN
    SELECT coalesce(array_agg(u.id), '{}') INTO deciders FROM public.users u
     WHERE u.is_active AND u.role IN ('admin', 'manager');
    SELECT max((step ->> 'approvers')::integer) INTO most
      FROM jsonb_each(tiers) AS currency, jsonb_array_elements(currency.value) AS step;
    -- At most three are shut out of each, so with this many nothing is stranded and nothing needs to be read.
    IF cardinality(deciders) >= most + 3 THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT t.id FROM public.transactions t JOIN public.accounts a ON a.id = t.account_id
          LEFT JOIN public.transaction_transfers l ON l.source_id = t.id
          LEFT JOIN public.transactions x ON x.id = l.target_id
         WHERE t.status = 'pending' AND t.created_by IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM public.transaction_transfers l WHERE l.target_id = t.id)
           AND public.nexus_approvers_needed(tiers, a.currency, t.amount)
               > cardinality(array_remove(array_remove(array_remove(deciders, t.created_by), t.updated_by), x.updated_by));
END
$$;

-- Nobody who is needed to decide what waits goes away, and no rule asks for more people than there are.
CREATE FUNCTION public.nexus_guard_deciders() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tiers    jsonb;
    before   jsonb;
    fault    text;
    gone     uuid[];
    stranded uuid[];
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'users' THEN
        SELECT array_agg(w.id) INTO gone FROM were w
         WHERE w.is_active AND w.role IN ('admin', 'manager')
           AND NOT EXISTS (SELECT 1 FROM public.users u
                            WHERE u.id = w.id AND u.is_active AND u.role IN ('admin', 'manager'));
        IF gone IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    -- Two changes that strand an item only together must see each other.
    PERFORM public.nexus_expect_fresh();
    PERFORM pg_advisory_xact_lock(hashtextextended('nexus: deciders', 0));
    tiers := public.nexus_approval_tiers();
    fault := public.nexus_tiers_fault(tiers);
    IF TG_TABLE_NAME = 'system_settings' THEN
        IF fault IS NOT NULL THEN
            RAISE EXCEPTION 'the setting approval_tiers cannot be read'
                USING ERRCODE = 'NX022', CONSTRAINT = 'nexus_rule', TABLE = TG_TABLE_NAME, COLUMN = 'setting_value',
                      DETAIL = fault;
        END IF;
        before := CASE WHEN TG_OP <> 'INSERT' AND OLD.setting_key = 'approval_tiers' AND OLD.is_active IS NOT FALSE
                            AND public.nexus_tiers_fault(OLD.setting_value) IS NULL
                       THEN OLD.setting_value
                       ELSE '{"*": [{"from": "0.00", "approvers": 1}, {"from": "10000.00", "approvers": 2}]}' END;
        SELECT array_agg(s.id) INTO stranded FROM public.nexus_stranded(tiers) AS s (id)
         WHERE s.id NOT IN (SELECT was.id FROM public.nexus_stranded(before) AS was (id));
    ELSIF fault IS NULL THEN
        -- Those that had enough people before this statement, however many of them it takes away.
        SELECT array_agg(t.id) INTO stranded
          FROM public.nexus_stranded(tiers) AS s (id)
          JOIN public.transactions t ON t.id = s.id
          JOIN public.accounts a ON a.id = t.account_id
          LEFT JOIN public.transaction_transfers l ON l.source_id = t.id
          LEFT JOIN public.transactions x ON x.id = l.target_id
         WHERE public.nexus_approvers_needed(tiers, a.currency, t.amount)
               <= (SELECT count(*) FROM public.users u
                    WHERE (u.id = ANY (gone) OR (u.is_active AND u.role IN ('admin', 'manager')))
                      AND u.id IS DISTINCT FROM t.created_by AND u.id IS DISTINCT FROM t.updated_by
                      AND u.id IS DISTINCT FROM x.updated_by);
    END IF;
    IF stranded IS NOT NULL THEN
        RAISE EXCEPTION 'pending transactions would have nobody left to decide them'
            USING ERRCODE = 'NX013', CONSTRAINT = 'nexus_stranded', TABLE = TG_TABLE_NAME,
                  COLUMN = CASE TG_TABLE_NAME WHEN 'users' THEN 'role' ELSE 'setting_value' END,
                  DETAIL = json_build_object('count', cardinality(stranded), 'transactions', stranded[1:20])::text;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE OR DELETE ON public.transactions
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_money();
CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE OR DELETE ON public.accounts
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_money();
CREATE TRIGGER nexus_guard_deciders AFTER UPDATE ON public.users REFERENCING OLD TABLE AS were
    FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_guard_deciders();
CREATE TRIGGER nexus_guard_rule_new BEFORE INSERT ON public.system_settings
    FOR EACH ROW WHEN (NEW.setting_key IN ('approval_tiers', 'approval_expiry_days'))
    EXECUTE FUNCTION public.nexus_guard_limits();
CREATE TRIGGER nexus_guard_rule_changed BEFORE UPDATE ON public.system_settings
    FOR EACH ROW WHEN (OLD.setting_key IN ('approval_tiers', 'approval_expiry_days')
                       OR NEW.setting_key IN ('approval_tiers', 'approval_expiry_days'))
    EXECUTE FUNCTION public.nexus_guard_limits();
CREATE TRIGGER nexus_guard_rule_gone BEFORE DELETE ON public.system_settings
    FOR EACH ROW WHEN (OLD.setting_key IN ('approval_tiers', 'approval_expiry_days'))
    EXECUTE FUNCTION public.nexus_guard_limits();
CREATE TRIGGER nexus_guard_tiers_new AFTER INSERT ON public.system_settings
    FOR EACH ROW WHEN (NEW.setting_key = 'approval_tiers') EXECUTE FUNCTION public.nexus_guard_deciders();
CREATE TRIGGER nexus_guard_tiers_changed AFTER UPDATE ON public.system_settings
    FOR EACH ROW WHEN ('approval_tiers' IN (OLD.setting_key, NEW.setting_key))
    EXECUTE FUNCTION public.nexus_guard_deciders();
CREATE TRIGGER nexus_guard_tiers_gone AFTER DELETE ON public.system_settings
    FOR EACH ROW WHEN (OLD.setting_key = 'approval_tiers') EXECUTE FUNCTION public.nexus_guard_deciders();
CREATE TRIGGER nexus_close_questions AFTER UPDATE ON public.transactions
    FOR EACH ROW WHEN (OLD.status = 'pending') EXECUTE FUNCTION public.nexus_close_questions();

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['transaction_approvals', 'transaction_transfers', 'transaction_reversals',
                                   'transaction_questions', 'expiry_holds', 'decision_runs', 'decision_run_items']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes()', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
    FOREACH subject IN ARRAY ARRAY['transaction_approvals', 'transaction_transfers', 'transaction_reversals']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_append_only BEFORE UPDATE OR DELETE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION public.nexus_hold(uuid), public.nexus_decide(uuid, text, text, text),
                           public.nexus_ask(uuid, text, text), public.nexus_answer(uuid, text),
                           public.nexus_close_questions(),
                           public.nexus_transfer(uuid, uuid, uuid, numeric, text, text),
                           public.nexus_reverse(uuid, uuid, text), public.nexus_release_expiry(),
                           public.nexus_guard_deciders()
  FROM PUBLIC;
