# What does a page cost on a million transactions, at 16 clients, and what the same SQL alone? Writes target/bench.md.
# BENCH_TRANSACTIONS, BENCH_AUDIT, BENCH_CLIENTS and BENCH_SECONDS change the size. Sourced by script/bench.

TRANSACTIONS=${BENCH_TRANSACTIONS:-1000000}
AUDIT=${BENCH_AUDIT:-$((TRANSACTIONS * 2))}
CLIENTS=${BENCH_CLIENTS:-16}
SECONDS_EACH=${BENCH_SECONDS:-10}
PROGRAMS=$(dirname "${PSQL:-$(command -v psql)}")
REPORT=$PWD/${CARGO_TARGET_DIR:-target}/bench.md
ROWS=$WORK/rows.md
: >"$ROWS"

leave
say "  filling $TRANSACTIONS transactions and $AUDIT audit entries"
began=$(now)
NEXUS_DATA_DIR=$WORK/load env -u DATABASE_URL -u DATABASE_MIGRATION_URL "$PROGRAM" demo --transactions "$TRANSACTIONS" --audit "$AUDIT" \
    >"$WORK/filled" || fail "the fill failed: $(tail -n 3 "$WORK/filled")"
filled=$(($(now) - began))
say "  filled in $(seconds $filled) s"
open load
began=$(now)
until_sealed
say "  $(sql "SELECT count(*) FROM audit_leaves") entries sealed within $(seconds $(($(now) - began))) s"

cookies() { awk -F'\t' 'NF >= 7 { printf "%s%s=%s", and, $6, $7; and = "; " }' "$WORK/cookies"; }
declare -A SIGNED
for who in admin manager; do
    rm -f "$WORK/cookies"
    sign_in "$who"
    SIGNED[$who]=$(cookies)
done
# Hashing a password takes memory of its own; what is counted from here on is everything else.
echo 5 >"/proc/$CONSOLE/clear_refs" 2>/dev/null || say "  the peak of memory cannot be reset: it holds the two logins, too"

fetch() { curl -fs -H "Cookie: ${SIGNED[$1]}" -H 'Accept-Encoding: zstd, gzip' "${@:3}" "$BASE$2"; }
load() {
    wrk -t1 -c"$CLIENTS" -d"$3s" --timeout 30s -s bench/load.lua -H "Cookie: ${SIGNED[$1]}" -H 'Accept-Encoding: zstd, gzip' "$BASE$2" |
        sed -n 's/^measured //p'
}
# per REQUESTS MILLISECONDS: thousandths of a millisecond for one.
per() { awk -v n="$1" -v ms="$2" 'BEGIN { printf "%d", n ? ms * 1000 / n : 0 }'; }
# thousandths NUMBER: 1.234
thousandths() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
verdict() { if [ "$1" -le "$2" ]; then echo reached; else echo "**missed**"; fi; }

# statements USER PATH OPTION...: what the page sent, from the server's own log.
statements() {
    local log=$NEXUS_DATA_DIR/data/server.log from
    sql "ALTER SYSTEM SET log_statement = 'all'" && sql "SELECT pg_reload_conf()" >/dev/null
    # Each backend takes the setting up before its next statement.
    # Read to its end: who stops reading early makes the pipe fail.
    until from=$(stat -c %s "$log") && fetch "$1" "$2" -o /dev/null && tail -c +$((from + 1)) "$log" | grep 'LOG:  execute' >/dev/null; do sleep 0.2; done
    from=$(stat -c %s "$log")
    fetch "$1" "$2" -o /dev/null
    tail -c +$((from + 1)) "$log" | perl bench/statements.pl "${@:3}" || return 1
    sql "ALTER SYSTEM RESET log_statement" && sql "SELECT pg_reload_conf()" >/dev/null
}

# alone USER PATH: the page's statements through pgbench; transactions a second and thousandths of a millisecond of processor each.
alone() {
    statements "$1" "$2" "$WORK/script" "$WORK/values" || { echo "0 0"; return; }
    local values=() variable before rate
    while IFS= read -r -d '' variable; do values+=(-D "$variable"); done <"$WORK/values"
    before=$(cpu_database)
    PGOPTIONS='-c jit=off -c default_transaction_read_only=on' "$PROGRAMS/pgbench" -n -M prepared -c "$CLIENTS" -j 1 -T "$SECONDS_EACH" \
        -f "$WORK/script" "${values[@]}" -h "$NEXUS_DATA_DIR/run" -p 5432 -U postgres nexus >"$WORK/pgbench" 2>&1 || { say "  pgbench: $(tail -n 1 "$WORK/pgbench")"; echo "0 0"; return; }
    rate=$(sed -n 's/^tps = \([0-9]*\).*/\1/p' "$WORK/pgbench")
    echo "$rate $(per "$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$WORK/pgbench")" $(($(cpu_database) - before)))"
}

# measure NAME GOAL USER PATH: GOAL is the most processor a request may take, in thousandths of a millisecond; 0 for none.
measure() {
    local name=$1 goal=$2 user=$3 path=$4 console database line requests took median slow others broken both rate cost
    fetch "$user" "$path" -o /dev/null || { say "  FAILED: $path does not answer"; return 1; }
    load "$user" "$path" 2 >/dev/null
    console=$(cpu_console) database=$(cpu_database)
    line=$(load "$user" "$path" "$SECONDS_EACH")
    console=$(($(cpu_console) - console)) database=$(($(cpu_database) - database))
    read -r requests took median slow others broken <<<"$line"
    [ "${requests:-0}" -gt 0 ] && [ "$others" = 0 ] && [ "$broken" = 0 ] || { say "  FAILED: $name: $line"; return 1; }
    both=$(per "$requests" $((console + database)))
    read -r rate cost <<<"$(alone "$user" "$path")"
    MEASURED=$both
    local wanted="" kept=""
    [ "$goal" = 0 ] || { wanted=$(thousandths "$goal") kept=$(verdict "$both" "$goal"); }
    echo "| $name | $((requests * 1000000 / took)) | $(thousandths "$median") | $(thousandths "$slow") | $(thousandths "$(per "$requests" "$console")") | $(thousandths "$(per "$requests" "$database")") | $(thousandths "$both") | $wanted | $kept | $rate | $(thousandths "$cost") |" | tee -a "$ROWS" >&2
}

# A common word, one in about a hundred, and a rare one, of the descriptions that are there.
sql "CREATE TABLE bench_words AS SELECT word, count(*) AS n FROM transactions,
     LATERAL (SELECT DISTINCT regexp_split_to_table(lower(description), '[^a-z]+')) AS words (word) WHERE length(word) > 3 GROUP BY word"
common=$(sql "SELECT word FROM bench_words ORDER BY n DESC, word LIMIT 1")
some=$(sql "SELECT word FROM bench_words ORDER BY abs(ln(n * 100.0 / $TRANSACTIONS)), word LIMIT 1")
rare=$(sql "SELECT word FROM bench_words ORDER BY n, word LIMIT 1")
sql "DROP TABLE bench_words"
reference=$(sql "SELECT reference_number FROM transactions WHERE reference_number IS NOT NULL ORDER BY transaction_date OFFSET $((TRANSACTIONS / 3)) LIMIT 1")
record=$(sql "SELECT entity_type || '/' || entity_id FROM audit_logs WHERE entity_type IN ('transactions', 'accounts') GROUP BY entity_type, entity_id HAVING count(*) BETWEEN 20 AND 40 ORDER BY count(*), entity_id LIMIT 1")
page=$((TRANSACTIONS / 100 < 10000 ? TRANSACTIONS / 100 : 10000))
after=$(sql "SELECT translate(encode(convert_to(format('{\"v\":1,\"order\":\"-transaction_date\",\"values\":[\"%s\",\"%s\"]}',
     (extract(epoch FROM transaction_date) * 1000000)::bigint - 946684800000000, id), 'UTF8'), 'base64'), E'+/=\n', '-_')
     FROM transactions WHERE transaction_date IS NOT NULL ORDER BY transaction_date DESC, id DESC OFFSET $(((page - 1) * 50 - 1)) LIMIT 1")

missing_rows=0
list=/tables/transactions
measure "transactions, the list" 650 admin "$list" || missing_rows=1
first=${MEASURED:-0}
measure "transactions, page $page" 0 admin "$list?after=$after" || missing_rows=1
deep=${MEASURED:-0}
measure "transactions, pending, with its count" 750 admin "$list?status=pending" || missing_rows=1
measure "users, the list" 400 admin /tables/users || missing_rows=1
if [ -n "$record" ]; then
    measure "a record with 20 entries of history" 550 admin "/tables/$record" || missing_rows=1
fi
measure "search of transactions, a common word (“$common”)" 8000 admin "$list?q=$common" || missing_rows=1
measure "search of transactions, a rare word (“$rare”)" 8000 admin "$list?q=$rare" || missing_rows=1
measure "search of transactions, one in a hundred (“$some”)" 25000 admin "$list?q=$some" || missing_rows=1
measure "search of transactions, a reference number" 25000 admin "$list?q=$reference" || missing_rows=1
measure "search of everything, a common word" 50000 admin "/search?q=$common" || missing_rows=1
measure "search of everything, a rare word" 50000 admin "/search?q=$rare" || missing_rows=1
measure "search of everything, one in a hundred" 50000 admin "/search?q=$some" || missing_rows=1
measure "search of everything, a reference number" 50000 admin "/search?q=$reference" || missing_rows=1
actor=$(sql "SELECT u.username FROM audit_logs l JOIN users u ON u.id = l.user_id GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
idle=$(sql "SELECT u.username FROM audit_logs l JOIN users u ON u.id = l.user_id GROUP BY 1 ORDER BY count(*), 1 LIMIT 1")
known=$(sql "SELECT entity_id FROM audit_logs WHERE entity_type <> 'event' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
middle=$(sql "SELECT to_char(min(created_at) + (max(created_at) - min(created_at)) / 2, 'YYYY-MM-DD') FROM audit_logs")
trail=/audit?q=
measure "audit trail, the last 7 days without reads" 50000 admin /audit || missing_rows=1
measure "audit trail, everything" 50000 admin "$trail*" || missing_rows=1
measure "audit trail, the busiest actor" 50000 admin "${trail}actor:$actor" || missing_rows=1
measure "audit trail, an idle actor" 50000 admin "${trail}actor:$idle" || missing_rows=1
measure "audit trail, a common action" 50000 admin "${trail}action:update" || missing_rows=1
measure "audit trail, a rare action" 50000 admin "${trail}action:permission_refused" || missing_rows=1
measure "audit trail, a table" 50000 admin "${trail}table:accounts" || missing_rows=1
measure "audit trail, a record" 50000 admin "${trail}record:$known" || missing_rows=1
measure "audit trail, what is about no record" 50000 admin "${trail}record:00000000-0000-0000-0000-000000000000" || missing_rows=1
measure "audit trail, until the middle of its time" 50000 admin "${trail}to:$middle" || missing_rows=1
measure "audit trail, an actor on a table" 50000 admin "${trail}actor:$actor+table:users" || missing_rows=1
measure "audit trail, what failed" 50000 admin "${trail}outcome:failed" || missing_rows=1
measure "audit trail, a changed field" 0 admin "${trail}field:status" || missing_rows=1
measure "audit trail, a word on a table" 0 admin "${trail}table:transactions+$rare" || missing_rows=1
measure "the queue of approvals" 0 manager /approvals || missing_rows=1
resident=$(awk '/^VmHWM/ { print $2 }' "/proc/$CONSOLE/status")

# The files, against what the server itself writes of the same rows.
copied=$(statements admin "$list/export.csv" --longest ' FROM transactions t ') || fail "the export's statement is not in the log"
began=$(now)
"${PSQL:-psql}" -qX -h "$NEXUS_DATA_DIR/run" -p 5432 -U postgres nexus -c "COPY ($copied) TO STDOUT (FORMAT csv)" >/dev/null || fail "COPY fails"
copy=$(($(now) - began))
declare -A FILE
for format in csv jsonl xlsx; do
    began=$(now)
    # The whole of it and in the plain: what is compared is the writing.
    if curl -fs -H "Cookie: ${SIGNED[admin]}" -o /dev/null "$BASE$list/export.$format"; then FILE[$format]=$(($(now) - began)); fi
done

# A second console on the same database: from its first instruction to its first page.
starts=()
for turn in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    began=$(date +%s%N)
    socket=$(printf %s "$NEXUS_DATA_DIR/run" | sed 's|/|%2F|g')
    DATABASE_MIGRATION_URL="postgres://nexus_owner@$socket:5432/nexus" DATABASE_URL="postgres://nexus_app@$socket:5432/nexus" \
        NEXUS_SECRET_KEY=$(printf '00112233445566778899aabbccddeeff%.0s' 1 2) NEXUS_DATA_DIR=$WORK/second "$PROGRAM" serve --bind "127.0.0.1:$port" \
        >"$WORK/second.said" 2>"$WORK/second.log" &
    second=$!
    until { exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /login HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3 && read -r answer <&3 && [[ $answer == *" 200 "* ]]; } 2>/dev/null; do
        kill -0 "$second" 2>/dev/null || fail "the second console ended: $(tail -n 3 "$WORK/second.log")"
    done
    starts+=($((($(date +%s%N) - began) / 1000000)))
    exec 3>&- || true
    kill "$second" && wait "$second" || true
done
start=$(printf '%s\n' "${starts[@]}" | sort -n | sed -n 3p)

mkdir -p "$(dirname "$REPORT")"
{
    echo "Measured $(date -u +%F) on $(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(awk '/^MemTotal/ { printf "%d", $2 / 1048576 + 0.5 }' /proc/meminfo) GiB of memory;"
    echo "$("$PROGRAMS/postgres" --version | sed 's/^postgres (PostgreSQL) /PostgreSQL /'), $(rustc --version | cut -d' ' -f1,2); load beside it at the end: $(cut -d' ' -f1 /proc/loadavg)."
    [ -z "${BENCH_PROGRAM:-}" ] || echo "Not the release of this tree but $BENCH_PROGRAM."
    echo "$TRANSACTIONS transactions, $AUDIT audit entries, filled in $(seconds $filled) s; $CLIENTS clients for $SECONDS_EACH s a page, whole pages of 50 rows, compressed."
    echo "Times in milliseconds; processor of the console and of PostgreSQL for one request; at the right the same statements through pgbench."
    echo
    echo "| page | requests/s | p50 | p99 | console | PostgreSQL | both | at most | | SQL alone: /s | its processor |"
    echo "|---|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|"
    cat "$ROWS"
    echo
    echo "| what | measured | goal | |"
    echo "|---|--:|--:|---|"
    echo "| page $page against page 1 | $(thousandths "$(per "$first" "$deep")") x | at most 1.150 x | $(verdict "$(per "$first" "$deep")" 1150) |"
    faster=$(per "${FILE[csv]:-0}" "$copy")
    echo "| all transactions as CSV | $(seconds "${FILE[csv]:-0}") s; COPY $(seconds "$copy") s | 1.300 times as fast as COPY | $(thousandths "$faster") times: $(verdict 1300 "$faster") |"
    for format in jsonl xlsx; do
        [ -z "${FILE[$format]:-}" ] || echo "| all transactions as ${format^^} | $(seconds "${FILE[$format]}") s | | |"
    done
    echo "| resident under load, beside argon2 | $((resident / 1024)) MiB | at most 20 MiB | $(verdict "$resident" 20480) |"
    echo "| start on a current schema to the first page | $start ms | at most 100 ms | $(verdict "$start" 100) |"
} >"$REPORT"
say "  written to ${REPORT#"$PWD"/}"
leave
[ "$missing_rows" = 0 ] || { say "  FAILED: some pages could not be measured"; return 1; }
