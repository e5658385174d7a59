# Does sealing keep up with 1,000 entries a second, and what do the trigger and the queue cost whoever writes?
# At most half as much again as the same single-row writes without auditing. Sourced by script/bench.

open demo --demo

PGBENCH=$(dirname "${PSQL:-psql}")/pgbench
bench() { "$PGBENCH" -n -h "$NEXUS_DATA_DIR/run" -p 5432 -U postgres "$@" nexus 2>"$WORK/pgbench"; }
waiting() { sql "SELECT count(*) FROM audit_unsealed"; }

# The demonstration itself is sealed first.
began=$(now)
until_sealed
say "  $(sql "SELECT count(*) FROM audit_leaves") entries of the demonstration sealed within $(seconds $(($(now) - began))) s"

echo "SELECT nexus_event('bench', '{\"what\": \"an entry to be sealed\", \"table\": \"transactions\"}');" >"$WORK/entry.sql"
before=$(sql "SELECT count(*) FROM audit_logs") worked=$(cpu_console) most=0 began=$(now)
bench -c 4 -j 1 -R 1000 -T 20 -f "$WORK/entry.sql" >"$WORK/rate" &
writers=$!
while kill -0 "$writers" 2>/dev/null; do
    now_waiting=$(waiting)
    [ "$now_waiting" -le "$most" ] || most=$now_waiting
    sleep 0.5
done
wait "$writers"
ended=$(now)
until [ "$(waiting)" = 0 ]; do
    [ $(($(now) - ended)) -lt 60000 ] || fail "what was written is not sealed within a minute"
    sleep 0.1
done
behind=$(($(now) - ended)) wrote=$(($(sql "SELECT count(*) FROM audit_logs") - before))
rate=$((wrote * 1000 / (ended - began)))
say "  $wrote entries at $rate/s: at most $most waited, the last were sealed $(seconds $behind) s after it was written; $(seconds $(($(cpu_console) - worked))) s of the console's processor"
verdict=0
[ "$rate" -ge 950 ] || { say "  FAILED: this machine does not write 1,000 entries a second"; verdict=1; }
[ "$most" -le 5000 ] && [ "$behind" -le 5000 ] || { say "  FAILED: sealing falls behind"; verdict=1; }

# Single rows, a statement and a transaction each, as the console writes; then the same with nothing watching the table.
# What the trigger and the queue cost is measured while the console holds its breath: the sealer is another's work, and
# takes one of two cores from whoever writes. Then once more with it at work.
user=$(sql "SELECT id FROM users WHERE username = 'user'")
echo "INSERT INTO notifications (user_id, title, message, notification_type) VALUES ('$user', 'Bench', 'A row as any other', 'info');" >"$WORK/row.sql"
write() {
    sql "CHECKPOINT" >/dev/null
    bench -c 1 -t 10000 -f "$WORK/row.sql" >"$WORK/rate"
    sed -n 's/^latency average = \([0-9.]*\) ms.*/\1/p' "$WORK/rate" | awk '{ printf "%d", $1 * 1000 }'
}
# compare: microseconds a row takes with its entry, and without.
compare() {
    local audited=0 plain=0
    write >/dev/null
    for _ in 1 2 3; do
        audited=$((audited + $(write)))
        sql "ALTER TABLE notifications DISABLE TRIGGER audit_notifications"
        plain=$((plain + $(write)))
        sql "ALTER TABLE notifications ENABLE TRIGGER audit_notifications"
    done
    echo $((audited / 3)) $((plain / 3))
}
kill -STOP "$CONSOLE"
read -r audited plain <<<"$(compare)"
kill -CONT "$CONSOLE"
say "  a row costs $audited µs with its entry, its details and its place in the queue, $plain µs without: $((audited * 100 / plain)) % (goal: less than 150)"
[ $((audited * 100)) -lt $((plain * 150)) ] || { say "  FAILED: auditing costs more than half as much again"; verdict=1; }
until [ "$(waiting)" = 0 ]; do sleep 0.2; done
read -r audited plain <<<"$(compare)"
say "  the same with the sealer at work beside it: $audited µs, $plain µs without: $((audited * 100 / plain)) %"
return $verdict
