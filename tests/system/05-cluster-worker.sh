#!/usr/bin/env bash
# Is the built-in worker a good one, without clusterd?  Files over HTTP, by hand; then its
# manners on the wire under a supervisor that 05-cluster-worker.py plays.
. "$(dirname "$0")/lib.sh"

root=$HOUSE/root
mkdir -p "$root/docs" "$root/empty" "$root/.well-known" "$root/.git" "$root/öl %"
printf 'welcome\n' >"$root/index.html"
printf 'manual\n' >"$root/docs/index.html"
printf 'oil\n' >"$root/öl %/index.html"
printf 'token\n' >"$root/.well-known/token"
printf 'secret\n' >"$root/.git/config"
printf 'secret\n' >"$HOUSE/secret.txt"
seq 1 200000 >"$root/numbers.txt"
touch -d '2020-02-02 02:02:02 UTC' "$root/numbers.txt"
ln -s ../secret.txt "$root/way-out.txt"
ln -s docs/index.html "$root/way-in.html"
mkfifo "$root/fifo"
printf '{}' >"$root/data.JSON"
size=$(stat -c %s "$root/numbers.txt")

"$BUILD/cluster-worker" -l 127.0.0.1:0 --root "$root" >"$HOUSE/worker.out" 2>"$HOUSE/worker.err" &
worker=$!
within 5 grep -q listening "$HOUSE/worker.out"
port=$(sed 's/.*://' "$HOUSE/worker.out")

get() { fetch "$port" "$@" --path-as-is; }

# shows TEXT PATH [CURL OPTIONS]: head or body of the answer has this line.
shows() {
	local text=$1
	shift
	get "$@" -i | tr -d '\r' >"$HOUSE/answer"
	grep -qxF -- "$text" "$HOUSE/answer" && return
	head -c 600 "$HOUSE/answer"
	return 1
}

gives() { # STATUS PATH [CURL OPTIONS]
	local status=$1
	shift
	equal "$(get "$@" -o /dev/null -w '%{http_code}')" "$status"
}

part_is() { # RANGE FIRST COUNT
	get /numbers.txt -H "Range: bytes=$1" >"$HOUSE/part"
	tail -c "+$(($2 + 1))" "$root/numbers.txt" | head -c "$3" | cmp - "$HOUSE/part"
}

same_file() { get /numbers.txt | cmp - "$root/numbers.txt"; }

header() { # NAME
	get /numbers.txt -I | tr -d '\r' | sed -n "s/^$1: //Ip"
}

check "a file comes as it is" same_file
check "its type follows from its name" shows 'Content-Type: text/plain; charset=utf-8' /numbers.txt -I
check "whatever the case of that" shows 'Content-Type: application/json' /data.JSON
check "HEAD has the length and no body" shows "Content-Length: $size" /numbers.txt -I
check "a folder shows its index" shows welcome /
check "so does one below" shows manual /docs/
check "without its slash it is a redirect" shows 'Location: /docs/' /docs
check "that stays on this host" shows 'Location: /docs/' //docs
check "and is encoded" shows 'Location: /%C3%B6l%20%25/' /%C3%B6l%20%25
check "a folder without index is forbidden" gives 403 /empty/
check "what is not there is not found" gives 404 /nothing
check "a folder that is not there neither" gives 404 /nothing/
check "POST is not allowed" shows 'Allow: GET, HEAD' /numbers.txt -d x
check "nor is DELETE" gives 405 /numbers.txt -X DELETE

for path in /../secret.txt /docs/../../secret.txt /%2e%2e/secret.txt /..%2fsecret.txt \
	/docs/..%2f..%2fsecret.txt //../secret.txt /way-out.txt "/etc/passwd" "//etc/passwd"; do
	check "$path leads nowhere" gives 404 "$path"
done
check "a link within the root is followed" shows manual /way-in.html
check "names that begin with a dot are not served" gives 404 /.git/config
check "but .well-known is" shows token /.well-known/token
check "a FIFO is no file and stops nobody" gives 404 /fifo
check "a name too long is refused" gives 414 "/$(printf 'x%.0s' {1..5000})"

tag=$(header etag)
date=$(header last-modified)
check "a file has a tag" [ -n "$tag" ]
check "and the date of its change" equal "$date" "Sun, 02 Feb 2020 02:02:02 GMT"
check "who has it gets 304" gives 304 /numbers.txt -H "If-None-Match: $tag"
check "in a list too" gives 304 /numbers.txt -H "If-None-Match: \"a\", W/$tag"
check "any tag matches *" gives 304 /numbers.txt -H 'If-None-Match: *'
check "another tag does not" gives 200 /numbers.txt -H 'If-None-Match: "other"'
check "who has its date gets 304" gives 304 /numbers.txt -H "If-Modified-Since: $date"
check "an older date does not do" gives 200 /numbers.txt \
	-H 'If-Modified-Since: Sat, 01 Feb 2020 02:02:02 GMT'
check "a tag counts more than a date" gives 200 /numbers.txt \
	-H 'If-None-Match: "other"' -H "If-Modified-Since: $date"
check "a changed file has another tag" eval 'touch "$root/numbers.txt"
	gives 200 /numbers.txt -H "If-None-Match: $tag"'
tag=$(header etag)

check "a part from the front" part_is 0-99 0 100
check "a part of the middle" part_is 1000-1999 1000 1000
check "a part from somewhere on" part_is 500- 500 "$size"
check "a part from the end" part_is -77 $((size - 77)) 77
check "a part that reaches beyond the end is cut" part_is $((size - 5))-99999999 $((size - 5)) 5
check "a part is called one" shows "Content-Range: bytes 0-99/$size" /numbers.txt -r 0-99
check "and has status 206" gives 206 /numbers.txt -r 0-99
check "what lies beyond cannot be had" shows "Content-Range: bytes */$size" /numbers.txt -r "$size-"
check "with status 416" gives 416 /numbers.txt -r "$size-"
check "several parts at once are not offered" gives 200 /numbers.txt -r 0-1,5-6
check "If-Range with the right tag gives the part" gives 206 /numbers.txt -r 0-9 -H "If-Range: $tag"
check "with a wrong one the whole" gives 200 /numbers.txt -r 0-9 -H 'If-Range: "other"'

kill -TERM "$worker"
check "by hand too it exits with 0" exits 0 wait "$worker"

check "an unknown option is a usage error" exits 2 "$BUILD/cluster-worker" --no-such-thing
check "so is an address that makes no sense" exits 2 "$BUILD/cluster-worker" -l nowhere:http
check "and one of UDP" exits 2 "$BUILD/cluster-worker" -l udp:127.0.0.1:0
check "a root that is not there ends the start" exits 1 "$BUILD/cluster-worker" --root /no/such
check "the version is told" says cluster-worker "$BUILD/cluster-worker" -V

header=$TOP/worker/libclusterworker/cluster_worker.h
printf '#include "%s"\nint main() { struct cluster_figures f = CLUSTER_FIGURES_UNKNOWN;
	return cluster_beat(&f); }\n' "$header" >"$HOUSE/user.c"
for dialect in cc:c:c99 cc:c:c11 c++:c++:c++98 c++:c++:c++20; do
	IFS=: read -r compiler language standard <<<"$dialect"
	if ! command -v "$compiler" >/dev/null; then
		skip "the header is good $standard" "no $compiler here"
		continue
	fi
	check "the header is good $standard" "$compiler" -x "$language" -std="$standard" -Wall \
		-Wextra -Wpedantic -Werror -fsyntax-only "$HOUSE/user.c"
done
exports() { nm -D --defined-only "$BUILD/libclusterworker.so" | sed -n 's|.* T \(.*\)@@.*|\1|p'; }
check "the library exports what the header declares, and nothing else" \
	equal "$(exports | sort)" "$(sed -n 's/^[a-z].*\(cluster_[a-z_]*\)(.*/\1/p' "$header" | sort)"

# The played supervisor prints checks of the same form.
HOUSE=$HOUSE "$(dirname "$0")/05-cluster-worker.py" "$BUILD/cluster-worker" "$TIME_SCALE" \
	2>&1 | tee "$HOUSE/manners"
passed=$((passed + $(grep -c '^ok - ' "$HOUSE/manners")))
failed=$((failed + $(grep -c '^not ok - ' "$HOUSE/manners")))
skipped=$((skipped + $(grep -c '^skip - ' "$HOUSE/manners")))
check "the played supervisor came to its end" grep -q 'with exit code 0' "$HOUSE/manners"
