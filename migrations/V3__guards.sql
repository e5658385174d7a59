-- What the console may not do, whatever it is told: no transaction changes behind its approvers' backs, no balance
-- moves but through the door, no installation is left without an administrator. The guards bind nobody else.
-- Side tables hold what the documented tables have no column for.

CREATE TABLE public.console_preferences (
    id                   uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    user_id              uuid NOT NULL UNIQUE REFERENCES public.users (id) ON DELETE CASCADE,
    time_zone            text,
    theme                text CHECK (theme IN ('light', 'dark', 'system')),
    row_density          text CHECK (row_density IN ('comfortable', 'compact')),
    single_key_shortcuts boolean NOT NULL DEFAULT true,
    created_at           timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at           timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- Its id is the session's own, so that the two cannot drift apart.
CREATE TABLE public.session_state (
    id               uuid PRIMARY KEY REFERENCES public.user_sessions (id) ON DELETE CASCADE,
    state            jsonb NOT NULL DEFAULT '{}',
    authenticated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE public.one_time_links (
    id         uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN ('password')),
    token_hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    created_by uuid REFERENCES public.users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX nexus_one_time_links_user_id ON public.one_time_links (user_id);
CREATE INDEX nexus_one_time_links_created_by ON public.one_time_links (created_by);

-- Evidence: it refers to nothing by foreign key, so that it neither vanishes with what it speaks of nor keeps the
-- platform from deleting it.
CREATE TABLE public.transaction_approvals (
    id             uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    transaction_id uuid NOT NULL,
    decider        uuid,
    decision       text NOT NULL CHECK (decision IN ('approve', 'reject', 'withdraw', 'expire')),
    reason         text,
    digest         text,
    balance_seen   numeric,
    decided_at     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    rule_applied   text
);
CREATE INDEX nexus_transaction_approvals_transaction_id ON public.transaction_approvals (transaction_id, decided_at);
CREATE INDEX nexus_transaction_approvals_decider ON public.transaction_approvals (decider, decided_at);

CREATE TABLE public.account_ledger (
    id              uuid PRIMARY KEY DEFAULT public.nexus_uuid7(),
    account_id      uuid NOT NULL UNIQUE,
    opening_balance numeric NOT NULL,
    frozen_since    timestamptz,
    frozen_reason   text,
    CHECK ((frozen_since IS NULL) = (frozen_reason IS NULL))
);

-- What a completed transaction adds to its account's balance. A transfer's debit leg carries its own sign.
CREATE FUNCTION public.nexus_effect(transaction_type text, amount numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN transaction_type IN ('deposit', 'interest', 'transfer') THEN amount
                WHEN transaction_type IN ('withdrawal', 'payment', 'fee') THEN -amount
           END
$$;

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

-- An account that is already here opens with what its completed transactions do not explain. The rows are ours and
-- say nothing new, so they are written before their table is watched.
-- The fold is written out rather than calling nexus_effect: a function with a pinned path is not inlined, and this
-- runs over every transaction of an adopted database.
INSERT INTO public.account_ledger (account_id, opening_balance, frozen_since, frozen_reason)
SELECT opened.id,
       CASE WHEN opened.opening = 'NaN' THEN 0 ELSE opened.opening END,
       CASE WHEN opened.opening = 'NaN' THEN CURRENT_TIMESTAMP END,
       CASE WHEN opened.opening = 'NaN' THEN 'The balance, or an amount behind it, is not a number' END
  FROM (SELECT a.id, coalesce(a.balance, 0) - coalesce(moved.total, 0) AS opening
          FROM public.accounts a
          LEFT JOIN (SELECT t.account_id,
                            sum(CASE WHEN t.transaction_type IN ('deposit', 'interest', 'transfer') THEN t.amount
                                     ELSE -t.amount END) AS total
                       FROM public.transactions t
                      WHERE t.status = 'completed'
                      GROUP BY t.account_id) AS moved ON moved.account_id = a.id) AS opened;

-- This branch of the door is the maker's own: taking back what nobody has decided yet.
CREATE FUNCTION public.nexus_decide(transaction_id uuid, decision text, reason text, digest text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor           record;
    subject         record;
    held_balance    numeric;
    approval        uuid := public.nexus_uuid7();
    why             text := btrim(coalesce(nexus_decide.reason, ''), E' \t\r\n');
    reason_before   text := coalesce(current_setting('nexus.reason', true), '');
    approval_before text := coalesce(current_setting('nexus.approval', true), '');
BEGIN
    IF nexus_decide.decision IS DISTINCT FROM 'withdraw' THEN
        RAISE EXCEPTION 'this decision is not known'
            USING ERRCODE = 'NX009', CONSTRAINT = 'nexus_decision', TABLE = 'transactions';
    END IF;
    IF public.nexus_setting('actor') IS NULL THEN
        RAISE EXCEPTION 'no actor: a decision needs somebody who takes it'
            USING ERRCODE = 'NX001', CONSTRAINT = 'nexus_actor';
    END IF;
    SELECT a.kind, a.user_id INTO actor FROM public.nexus_actor() a;
    IF actor.kind <> 'user'
       OR NOT EXISTS (SELECT 1 FROM public.users u WHERE u.id = actor.user_id AND u.is_active) THEN
        RAISE EXCEPTION 'only an active user takes a decision'
            USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_decider', TABLE = 'transactions';
    END IF;

    SELECT t.id, t.account_id, t.status, t.created_by INTO subject
      FROM public.transactions t WHERE t.id = nexus_decide.transaction_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such transaction'
            USING ERRCODE = 'NX006', CONSTRAINT = 'nexus_transaction', TABLE = 'transactions';
    END IF;
    -- Who may is asked before what state it is in: the answer to a stranger does not depend on the state.
    IF subject.created_by IS DISTINCT FROM actor.user_id THEN
        RAISE EXCEPTION 'only whoever made a transaction withdraws it'
            USING ERRCODE = 'NX007', CONSTRAINT = 'nexus_decider', TABLE = 'transactions';
    END IF;
    IF subject.status IS DISTINCT FROM 'pending' THEN
        RAISE EXCEPTION 'the transaction is no longer pending'
            USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_pending', TABLE = 'transactions', COLUMN = 'status';
    END IF;
    IF why = '' OR length(why) > 2000 THEN
        RAISE EXCEPTION 'a withdrawal needs a reason of at most 2000 characters'
            USING ERRCODE = 'NX008', CONSTRAINT = 'nexus_reason', TABLE = 'transactions';
    END IF;

    SELECT a.balance INTO held_balance FROM public.accounts a WHERE a.id = subject.account_id;
    PERFORM set_config('nexus.reason', why, true), set_config('nexus.approval', approval::text, true);
    INSERT INTO public.transaction_approvals (id, transaction_id, decider, decision, reason, digest, balance_seen,
                                              rule_applied)
    VALUES (approval, subject.id, actor.user_id, 'withdraw', why, nexus_decide.digest, held_balance,
            'withdrawn by its maker');
    UPDATE public.transactions t SET status = 'cancelled' WHERE t.id = subject.id;
    PERFORM set_config('nexus.reason', reason_before, true), set_config('nexus.approval', approval_before, true);
    RETURN approval;
END
$$;
REVOKE EXECUTE ON FUNCTION public.nexus_decide(uuid, text, text, text), public.nexus_open_ledger() FROM PUBLIC;

-- Is this change made by the door? Two signs, neither of which the console can forge where it has its own role: the
-- door runs as its owner, and it stands in the call stack. The second is there for a console that has to serve as
-- the owner, where the first says nothing. No setting takes part: anybody may set a setting.
CREATE FUNCTION public.nexus_guard_money() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stack   text;
    at_door boolean;
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN coalesce(NEW, OLD);
    END IF;

    IF TG_OP = 'DELETE' THEN
        IF TG_TABLE_NAME = 'transactions' THEN
            RAISE EXCEPTION 'transactions are never deleted'
                USING ERRCODE = 'NX010', CONSTRAINT = 'nexus_kept', TABLE = TG_TABLE_NAME,
                      HINT = 'Withdraw it while it is pending; reverse it once it is completed.';
        END IF;
        RETURN OLD;
    END IF;

    GET DIAGNOSTICS stack = PG_CONTEXT;
    at_door := strpos(stack, 'nexus_decide(uuid,text,text,text)') > 0
               AND EXISTS (SELECT 1 FROM pg_proc p
                            WHERE p.oid = to_regprocedure('public.nexus_decide(uuid,text,text,text)')
                              AND pg_get_userbyid(p.proowner) = current_user);

    IF TG_TABLE_NAME = 'accounts' THEN
        IF TG_OP = 'INSERT' THEN
            IF NEW.balance IS DISTINCT FROM 0 THEN
                RAISE EXCEPTION 'an account opens with nothing'
                    USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_door', TABLE = TG_TABLE_NAME, COLUMN = 'balance';
            END IF;
        ELSIF NEW.balance IS DISTINCT FROM OLD.balance AND NOT at_door THEN
            RAISE EXCEPTION 'a balance moves only by a decision on a transaction'
                USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_door', TABLE = TG_TABLE_NAME, COLUMN = 'balance';
        END IF;
        RETURN NEW;
    END IF;

    IF TG_OP = 'INSERT' THEN
        IF NEW.status IS DISTINCT FROM 'pending' OR NEW.processed_at IS NOT NULL THEN
            RAISE EXCEPTION 'a new transaction is pending'
                USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_pending', TABLE = TG_TABLE_NAME, COLUMN = 'status';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status IS DISTINCT FROM 'pending' THEN
        RAISE EXCEPTION 'the transaction is no longer pending'
            USING ERRCODE = 'NX003', CONSTRAINT = 'nexus_pending', TABLE = TG_TABLE_NAME, COLUMN = 'status';
    END IF;
    IF NOT at_door AND (NEW.status IS DISTINCT FROM OLD.status OR NEW.processed_at IS DISTINCT FROM OLD.processed_at
                        OR NEW.id <> OLD.id) THEN
        RAISE EXCEPTION 'a status changes only by a decision'
            USING ERRCODE = 'NX004', CONSTRAINT = 'nexus_door', TABLE = TG_TABLE_NAME, COLUMN = 'status';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION public.nexus_guard_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT public.nexus_is_console() THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'users are never deleted'
            USING ERRCODE = 'NX010', CONSTRAINT = 'nexus_kept', TABLE = 'users', HINT = 'Deactivate the user.';
    END IF;
    IF OLD.role = 'admin' AND OLD.is_active AND (NEW.role = 'admin' AND NEW.is_active) IS NOT TRUE THEN
        -- Two who go at once must see each other: the second counts only after the first has committed, which a
        -- snapshot taken before would hide.
        PERFORM pg_advisory_xact_lock(hashtextextended('nexus: last administrator', 0));
        IF current_setting('transaction_isolation') <> 'read committed'
           OR NOT EXISTS (SELECT 1 FROM public.users u WHERE u.role = 'admin' AND u.is_active AND u.id <> OLD.id) THEN
            RAISE EXCEPTION 'this is the last active administrator'
                USING ERRCODE = 'NX002', CONSTRAINT = 'nexus_last_administrator', TABLE = 'users',
                      COLUMN = CASE WHEN NEW.role IS DISTINCT FROM OLD.role THEN 'role' ELSE 'is_active' END,
                      HINT = 'Make somebody else an administrator first.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION public.nexus_guard_users() FROM PUBLIC;

CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE OR DELETE ON public.transactions
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_money();
CREATE TRIGGER nexus_guard BEFORE INSERT OR UPDATE ON public.accounts
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_money();
CREATE TRIGGER nexus_guard BEFORE UPDATE OR DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.nexus_guard_users();
CREATE TRIGGER nexus_open_ledger AFTER INSERT ON public.accounts
    FOR EACH ROW EXECUTE FUNCTION public.nexus_open_ledger();

DO $$
DECLARE
    subject text;
BEGIN
    FOREACH subject IN ARRAY ARRAY['console_preferences', 'session_state', 'one_time_links', 'transaction_approvals',
                                   'account_ledger']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.log_ssot_changes()', 'audit_' || subject, subject);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER nexus_no_truncate BEFORE TRUNCATE ON public.%I
             FOR EACH STATEMENT EXECUTE FUNCTION public.nexus_append_only()', subject);
    END LOOP;
    FOREACH subject IN ARRAY ARRAY['console_preferences', 'session_state', 'one_time_links']
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I BEFORE UPDATE ON public.%I
             FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column()',
            'update_' || subject || '_updated_at', subject);
    END LOOP;
END
$$;
