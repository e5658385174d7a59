# How long do 1,000 pending transactions take from the order to the last decision? At most 10 seconds on two cores.
# Sourced by script/bench.

open demo --demo

sql "INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, created_by)
     SELECT nexus_uuid7(), a.id, 'deposit', 10 + a.n, 'BENCH-' || a.n, (SELECT id FROM users WHERE username = 'user')
       FROM (SELECT c.id, row_number() OVER () AS n FROM accounts c JOIN account_ledger l ON l.account_id = c.id AND l.frozen_since IS NULL,
                    generate_series(1, 1000) WHERE c.is_active LIMIT 1000) AS a" >/dev/null
sql "SELECT 'selected=' || id FROM transactions WHERE reference_number LIKE 'BENCH-%' AND status = 'pending'" | tr '\n' '&' >"$WORK/selected"

sign_in manager
page /account
before=$(now)
preview=$(curl -s -b "$WORK/cookies" -H "Origin: $BASE" -o "$WORK/answer" -w '%{redirect_url}' --data "@$WORK/selected" \
    --data-urlencode "csrf_token=$(token)" --data "decision=approve" "$BASE/tables/transactions/selected")
preview=${preview#"$BASE"}
[ -n "$preview" ] || fail "there is no preview: $(cat "$WORK/answer")"
page "$preview"
say "  the preview of 1,000: $(seconds $(($(now) - before))) s"

began=$(now) worked=$(cpu)
[ "$(send "$preview" decision=run | cut -d' ' -f1)" = 303 ] || fail "the run does not begin"
# Asked of the database, because drawing 1,000 rows again and again would be measured too.
until [ "$(sql "SELECT state FROM decision_runs WHERE id = '${preview#/runs/}'")" = finished ]; do
    [ $(($(now) - began)) -lt 120000 ] || fail "the run does not end"
    sleep 0.2
done
took=$(($(now) - began)) worked=$(($(cpu) - worked))
posted=$(sql "SELECT count(*) FROM decision_run_items WHERE outcome = 'posted'")
say "  $posted of 1,000 approved in bulk: $(seconds $took) s, $(seconds $worked) s of processor; at most 10.00 s"
[ "$posted" = 1000 ] || { say "  FAILED: not all were posted"; return 1; }
[ "$took" -lt 10000 ] || { say "  FAILED: too slow"; return 1; }
