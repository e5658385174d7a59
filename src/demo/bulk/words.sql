-- What the n-th of everything is: every value follows from its number, the volume and the day, so the same three give
-- the same rows, and an entry of the log can say what a record holds without reading it.
-- $$-bodies, not bound ones: in FROM they become part of the statement, and cost nothing.

-- A number below `among`, the same for the same n and salt.
CREATE FUNCTION pg_temp.nexus_demo_pick(n bigint, salt bigint, among bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT (pg_catalog.hashint8extended(n, salt) & 4611686018427387903) % among $$;

-- When the n-th of `total` happened, in milliseconds: evenly over the 549 days before today.
CREATE FUNCTION pg_temp.nexus_demo_moment(n bigint, total bigint, today date) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT (today - date '1970-01-01' - 549)::bigint * 86400000 + (n - 1) * 47433600000 / total $$;

CREATE FUNCTION pg_temp.nexus_demo_time(milliseconds bigint) RETURNS timestamptz
    LANGUAGE sql STABLE
    AS $$ SELECT to_timestamp(milliseconds / 1000.0::float8) $$;

-- A UUIDv7 of that moment.
CREATE FUNCTION pg_temp.nexus_demo_id(kind text, n bigint, milliseconds bigint) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ SELECT overlay(overlay(overlay(md5(kind || n) PLACING '8' FROM 17) PLACING '7' FROM 13)
                         PLACING lpad(to_hex(milliseconds), 12, '0') FROM 1)::uuid $$;

CREATE FUNCTION pg_temp.nexus_demo_staff_id(place bigint, today date) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ SELECT pg_temp.nexus_demo_id('staff', place, (today - date '1970-01-01' - 1000 + place)::bigint * 86400000) $$;

CREATE FUNCTION pg_temp.nexus_demo_customers(transactions bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT greatest(transactions / 100, 1) $$;

CREATE FUNCTION pg_temp.nexus_demo_customer_id(n bigint, today date) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ SELECT pg_temp.nexus_demo_id('customer', n,
              (today - date '1970-01-01' - 990)::bigint * 86400000 + pg_temp.nexus_demo_pick(n, 1, 34560000) * 1000) $$;

CREATE FUNCTION pg_temp.nexus_demo_customer(n bigint, today date)
    RETURNS TABLE (id uuid, username text, email text, full_name text, password_hash text, is_active boolean, is_verified boolean,
                   role text, last_login timestamptz, created_at timestamptz, updated_at timestamptz)
    LANGUAGE sql STABLE
    AS $$
    SELECT named.id, named.username, named.username || '@example.com', named.full_name,
           -- The hash of a password nobody has: its shape is right, so a login with it takes as long as any other.
           '$argon2id$v=19$m=19456,t=2,p=1$' || rtrim(encode(decode(md5('salt' || n), 'hex'), 'base64'), '=')
               || '$' || rtrim(encode(sha256(convert_to('hash' || n, 'UTF8')), 'base64'), '='),
           pg_temp.nexus_demo_pick(n, 2, 100) < 97, pg_temp.nexus_demo_pick(n, 3, 100) < 88, 'user',
           CASE WHEN pg_temp.nexus_demo_pick(n, 4, 10) < 6
                THEN pg_temp.nexus_demo_time((today - date '1970-01-01')::bigint * 86400000 - 1000 * (1 + pg_temp.nexus_demo_pick(n, 5, 15552000))) END,
           named.created, named.created
      FROM (SELECT pg_temp.nexus_demo_customer_id(n, today) AS id, lower(f || '.' || l) || '.' || n AS username,
                   CASE WHEN pg_temp.nexus_demo_pick(n, 6, 4) = 0 THEN l || ' ' || b ELSE f || ' ' || l END AS full_name,
                   pg_temp.nexus_demo_time((today - date '1970-01-01' - 990)::bigint * 86400000
                                           + pg_temp.nexus_demo_pick(n, 1, 34560000) * 1000) AS created
              FROM (SELECT ('{Ada,Amara,Anneke,Beatriz,Bohdan,Camille,Dagny,Darius,Elif,Emeka,Farid,Greta,Hiro,Ingrid,Ivo,Jonas,Kavya,Leila,Mateo,Nadia,Odile,Pavel,Quentin,Rosa,Sander,Tariq,Ulla,Viktor,Wanda,Xenia,Yara,Zoltan}'::text[])
                               [1 + pg_temp.nexus_demo_pick(n, 7, 32)] AS f,
                           ('{Abara,Bergstrom,Castellan,Dimitrov,Eriksen,Fontaine,Grabowski,Haverkamp,Ivanova,Jankovic,Kestrel,Lindholm,Marchetti,Novak,Okonkwo,Petrescu,Quispe,Rautio,Santoro,Tanaka,Ueda,Vasquez,Winterbourne,Yilmaz,Zeller,Halden}'::text[])
                               [1 + pg_temp.nexus_demo_pick(n, 8, 26)] AS l,
                           ('{Freight Ltd,Marine AS,Logistics GmbH,Trading SA,Foods BV,Textiles Srl}'::text[])
                               [1 + pg_temp.nexus_demo_pick(n, 9, 6)] AS b) AS parts) AS named
    $$;

CREATE FUNCTION pg_temp.nexus_demo_accounts(transactions bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT greatest(transactions / 20, 6) $$;

CREATE FUNCTION pg_temp.nexus_demo_account_id(n bigint, today date) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ SELECT pg_temp.nexus_demo_id('account', n,
              (today - date '1970-01-01' - 585)::bigint * 86400000 + pg_temp.nexus_demo_pick(n, 10, 2592000) * 1000) $$;

-- By the last two digits, so that an account a hundred further on holds the same money.
CREATE FUNCTION pg_temp.nexus_demo_currency(account bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$ SELECT CASE WHEN account % 100 < 55 THEN 'USD' WHEN account % 100 < 80 THEN 'EUR' WHEN account % 100 < 92 THEN 'GBP'
                      WHEN account % 100 < 97 THEN 'CHF' WHEN account % 100 < 99 THEN 'JPY' ELSE 'SEK' END $$;

-- Three in the middle are the demo user's; of the others each customer has every hundredth or so.
CREATE FUNCTION pg_temp.nexus_demo_account(n bigint, transactions bigint, today date)
    RETURNS TABLE (id uuid, user_id uuid, account_name text, account_type text, account_number text, currency text, is_active boolean,
                   created_at timestamptz, created_by uuid)
    LANGUAGE sql STABLE
    AS $$
    SELECT pg_temp.nexus_demo_account_id(n, today),
           CASE WHEN n - pg_temp.nexus_demo_accounts(transactions) / 2 BETWEEN 1 AND 3 THEN pg_temp.nexus_demo_staff_id(4, today)
                ELSE pg_temp.nexus_demo_customer_id(1 + (n - 1) % pg_temp.nexus_demo_customers(transactions), today) END,
           ('{Operating,Savings,Payroll,Reserve,Settlement,Client money}'::text[])[1 + pg_temp.nexus_demo_pick(n, 11, 6)] || ' ' || n,
           CASE WHEN pg_temp.nexus_demo_pick(n, 12, 100) < 50 THEN 'checking' WHEN pg_temp.nexus_demo_pick(n, 12, 100) < 80 THEN 'savings'
                WHEN pg_temp.nexus_demo_pick(n, 12, 100) < 88 THEN 'investment' WHEN pg_temp.nexus_demo_pick(n, 12, 100) < 96 THEN 'credit'
                ELSE 'loan' END,
           CASE WHEN n = 2 THEN 'ACC-TWENTY-ENTRIES' ELSE 'ACC-' || lpad(n::text, 10, '0') END,
           pg_temp.nexus_demo_currency(n),
           pg_temp.nexus_demo_pick(n, 13, 100) < 97,
           pg_temp.nexus_demo_time((today - date '1970-01-01' - 585)::bigint * 86400000 + pg_temp.nexus_demo_pick(n, 10, 2592000) * 1000),
           pg_temp.nexus_demo_staff_id(CASE WHEN pg_temp.nexus_demo_pick(n, 14, 3) = 0 THEN 2 ELSE 1 END, today)
    $$;

-- The known transaction, with twenty entries in the log.
CREATE FUNCTION pg_temp.nexus_demo_known(transactions bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT greatest(transactions / 2, 1) $$;

-- A tenth are legs of transfers: an even one is the source, the next is its target.
CREATE FUNCTION pg_temp.nexus_demo_is_leg(n bigint, transactions bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$ SELECT transactions >= 4000 AND n > 1 AND n - n % 2 < transactions
             AND n - n % 2 <> pg_temp.nexus_demo_known(transactions) - pg_temp.nexus_demo_known(transactions) % 2
             AND pg_temp.nexus_demo_pick(n - n % 2, 20, 10) = 0 $$;

CREATE FUNCTION pg_temp.nexus_demo_transaction(n bigint, transactions bigint, today date)
    RETURNS TABLE (id uuid, account_id uuid, transaction_type text, amount numeric, description text, reference_number text, status text,
                   transaction_date timestamptz, processed_at timestamptz, created_at timestamptz, updated_at timestamptz,
                   created_by uuid, updated_by uuid)
    LANGUAGE sql STABLE
    AS $$
    SELECT pg_temp.nexus_demo_id('transaction', n, made.at),
           pg_temp.nexus_demo_account_id(made.account, today),
           made.kind,
           CASE WHEN made.is_leg AND n % 2 = 0 THEN -made.amount ELSE made.amount END,
           CASE WHEN pg_temp.nexus_demo_pick(made.head, 21, 20) > 0 OR made.head = transactions / 6 * 2 THEN
               (ARRAY['Invoice ' || made.head || ', berth and handling', 'Invoice ' || made.head || ', container lease',
                      'Invoice ' || made.head || ', customs agent', 'Invoice ' || made.head || ', fuel and lubricants',
                      'Standing order, rent', 'Salary run', 'Card settlement ' || made.head, 'Quarterly premium', 'Returned goods ' || made.head,
                      'Subscription, port services'])[1 + pg_temp.nexus_demo_pick(made.head, 22, 10)]
               || CASE WHEN pg_temp.nexus_demo_pick(made.head, 23, 100) = 0 THEN ', with demurrage' ELSE '' END
               || CASE WHEN made.head = transactions / 6 * 2 THEN ', by way of Zanzibar' ELSE '' END END,
           CASE WHEN n = pg_temp.nexus_demo_known(transactions) THEN 'TWENTY-ENTRIES'
                WHEN pg_temp.nexus_demo_pick(made.head, 24, 100) > 0
                THEN CASE made.kind WHEN 'deposit' THEN 'DEP-' WHEN 'withdrawal' THEN 'WDR-' WHEN 'payment' THEN 'PAY-' WHEN 'fee' THEN 'FEE-'
                                    WHEN 'interest' THEN 'INT-' ELSE 'TRF-' END || lpad(made.head::text, 9, '0') END,
           made.status,
           pg_temp.nexus_demo_time(made.at - pg_temp.nexus_demo_pick(made.head, 25, 7200000)),
           made.done, pg_temp.nexus_demo_time(made.at), coalesce(made.done, pg_temp.nexus_demo_time(made.at)),
           made.maker, made.maker
      FROM (SELECT leg.is_leg, leg.head, leg.at, leg.kind, leg.status,
                   CASE WHEN leg.is_leg AND n % 2 = 1
                        THEN CASE WHEN leg.source + 100 <= pg_temp.nexus_demo_accounts(transactions) THEN leg.source + 100 ELSE leg.source - 100 END
                        ELSE leg.source END AS account,
                   round(leg.amount, CASE WHEN pg_temp.nexus_demo_currency(leg.source) = 'JPY' THEN 0 ELSE 2 END) AS amount,
                   CASE WHEN leg.status = 'completed'
                        THEN least(pg_temp.nexus_demo_time(leg.at + 1000 * (60 + pg_temp.nexus_demo_pick(leg.head, 26, 172800))),
                                   pg_temp.nexus_demo_time((today - date '1970-01-01')::bigint * 86400000 - 1000)) END AS done,
                   -- Somebody has to have made what waits, or nobody could approve it.
                   CASE WHEN leg.status = 'pending' OR pg_temp.nexus_demo_pick(leg.head, 27, 10) < 6
                        THEN pg_temp.nexus_demo_staff_id(('{1,2,2,2,2,2,3,3,3,3}'::bigint[])[1 + pg_temp.nexus_demo_pick(leg.head, 28, 10)] - 1, today) END AS maker
              FROM (SELECT first.is_leg, first.head, pg_temp.nexus_demo_moment(first.head, transactions, today) AS at,
                           -- Few accounts have much of it: the first has hundreds of times what the last has.
                           1 + floor(pg_temp.nexus_demo_accounts(transactions)
                                     * power(pg_temp.nexus_demo_pick(first.head, 29, 1048576) / 1048576.0::float8, 2))::bigint AS source,
                           power(10, 0.7 + 4.3 * power(pg_temp.nexus_demo_pick(first.head, 30, 1048576) / 1048576.0::float8, 2))::numeric AS amount,
                           CASE WHEN first.is_leg THEN 'transfer'
                                WHEN pg_temp.nexus_demo_pick(first.head, 31, 100) < 30 THEN 'deposit' WHEN pg_temp.nexus_demo_pick(first.head, 31, 100) < 52 THEN 'withdrawal'
                                WHEN pg_temp.nexus_demo_pick(first.head, 31, 100) < 88 THEN 'payment' WHEN pg_temp.nexus_demo_pick(first.head, 31, 100) < 97 THEN 'fee'
                                ELSE 'interest' END AS kind,
                           -- What has waited for 30 days expires, so what waits is younger: half a percent of all.
                           CASE WHEN pg_temp.nexus_demo_pick(first.head, 32, 1000) < 12 THEN 'failed'
                                WHEN pg_temp.nexus_demo_pick(first.head, 32, 1000) < 32 THEN 'cancelled'
                                WHEN first.head > transactions - transactions * 25 / 549 AND pg_temp.nexus_demo_pick(first.head, 32, 1000) < 142 THEN 'pending'
                                ELSE 'completed' END AS status
                      FROM (SELECT pg_temp.nexus_demo_is_leg(n, transactions) AS is_leg,
                                   CASE WHEN pg_temp.nexus_demo_is_leg(n, transactions) THEN n - n % 2 ELSE n END AS head OFFSET 0) AS first
                    OFFSET 0) AS leg
            OFFSET 0) AS made
    OFFSET 0
    $$;

CREATE FUNCTION pg_temp.nexus_demo_contracts(transactions bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT least(greatest(transactions / 5000, 1), 2000) $$;

CREATE FUNCTION pg_temp.nexus_demo_aliases(transactions bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ SELECT least(greatest(transactions / 1000, 1), 20000) $$;

CREATE FUNCTION pg_temp.nexus_demo_alias(n bigint, transactions bigint, today date)
    RETURNS TABLE (id uuid, contract_id uuid, alias_name text, context text, alias_type text, is_active boolean, created_at timestamptz,
                   updated_at timestamptz, created_by text, updated_by text)
    LANGUAGE sql STABLE
    AS $$
    SELECT pg_temp.nexus_demo_id('alias', n, (today - date '1970-01-01' - 560)::bigint * 86400000 + n),
           pg_temp.nexus_demo_id('contract', 1 + n % pg_temp.nexus_demo_contracts(transactions), (today - date '1970-01-01' - 570)::bigint * 86400000),
           'service-' || n, ('{frontend,backend,system}'::text[])[1 + n % 3], 'permanent', n % 40 <> 0,
           pg_temp.nexus_demo_time((today - date '1970-01-01' - 560)::bigint * 86400000 + n),
           pg_temp.nexus_demo_time((today - date '1970-01-01' - 560)::bigint * 86400000 + n), 'admin', 'admin'
    OFFSET 0
    $$;
