#!/usr/bin/env bash
# Does the built-in worker serve a site as a web server should: the smaller of what was
# compressed, to who takes it; caches told the truth; a single-page application's pages;
# nothing that is not below the root?
. "$(dirname "$0")/lib.sh"

root=$HOUSE/root
mkdir -p "$root/assets" "$root/bare" "$root/static"
printf 'the page\n' >"$root/index.html"
seq 1 3000 >"$root/app.js"
printf 'brotli of app.js' >"$root/app.js.br"
gzip -k "$root/app.js"
seq 1 2000 >"$root/old.css"
gzip -k "$root/old.css"
touch -d '2020-02-02 02:02:02 UTC' "$root/old.css.gz"
printf 'only gzip\n' >"$root/some.json"
gzip -k "$root/some.json"
printf 'picture' >"$root/logo.png"
gzip -k "$root/logo.png"
printf 'x' >"$root/odd.svg"
mkdir "$root/odd.svg.gz"
printf 'secret\n' >"$HOUSE/secret.svg.br"
printf 'x' >"$root/way.svg"
ln -s ../secret.svg.br "$root/way.svg.br"
printf 'hashed' >"$root/app.3f9a1c2b.js"
printf 'never' >"$root/static/a.js"
printf 'asset' >"$root/assets/a.js"

serve() { # OPTIONS...: sets port and worker
	"$BUILD/cluster-worker" -l 127.0.0.1:0 --root "$root" "$@" >"$HOUSE/worker.out" 2>&1 &
	worker=$!
	within 5 grep -q listening "$HOUSE/worker.out"
	port=$(sed 's/.*://' "$HOUSE/worker.out")
}

end() { # the exit code is the worker's
	kill -TERM "$worker"
	wait "$worker"
}

ask() { fetch "$port" "$@" --path-as-is; }

gives() { # STATUS PATH [CURL OPTIONS]
	local status=$1
	shift
	equal "$(ask "$@" -o /dev/null -w '%{http_code}')" "$status"
}

header() { # NAME PATH [CURL OPTIONS]
	local name=$1
	shift
	ask "$@" -o /dev/null -D - | tr -d '\r' | sed -n "s/^$name: //Ip"
}

header_is() { # NAME VALUE PATH [CURL OPTIONS]
	local name=$1 value=$2
	shift 2
	equal "$(header "$name" "$@")" "$value"
}

# sends CODING PATH ACCEPT-ENCODING: the bytes are the sibling's, and called by its coding.
sends() {
	local suffix=$1
	case $1 in gzip) suffix=.gz ;; br) suffix=.br ;; esac
	ask "$2" -H "Accept-Encoding: $3" | cmp - "$root$2$suffix" &&
		header_is Content-Encoding "$1" "$2" -H "Accept-Encoding: $3"
}

serve

check "who says nothing gets the file as it is" sends '' /app.js ''
check "who takes brotli gets the sibling" sends br /app.js 'gzip, deflate, br, zstd'
check "who takes gzip alone gets that one" sends gzip /app.js gzip
check "where only that is there, too" sends gzip /some.json 'br, gzip'
check "weights are heeded" sends gzip /app.js 'br;q=0.5, gzip'
check "who prefers the file itself gets it" sends '' /app.js 'identity, gzip;q=0.5'
check "what is excluded is not sent" sends '' /app.js 'gzip;q=0, br;q=0'
check "a sibling older than the file is out of date" sends '' /old.css gzip
check "one that is a folder is none" sends '' /odd.svg gzip
check "one that leads out of the root neither" sends '' /way.svg br
check "a picture is not packed again" sends '' /logo.png gzip
check "who takes nothing that is there is told so" gives 406 /old.css -H 'Accept-Encoding: identity;q=0'
check "and that this depends on him" header_is Vary Accept-Encoding /old.css \
	-H 'Accept-Encoding: identity;q=0'

check "the type stays the file's" header_is Content-Type 'text/javascript; charset=utf-8' \
	/app.js -H 'Accept-Encoding: br'
check "answers vary, whatever was sent" header_is Vary Accept-Encoding /app.js
check "even where no sibling is" header_is Vary Accept-Encoding /index.html
check "those of pictures do not" header_is Vary '' /logo.png
check "HEAD tells the length of the sibling" header_is Content-Length 16 /app.js -I \
	-H 'Accept-Encoding: br'

plain=$(header ETag /app.js)
brotli=$(header ETag /app.js -H 'Accept-Encoding: br')
check "each coding has a tag of its own" not equal "$plain" "$brotli"
check "which is good for it" gives 304 /app.js -H 'Accept-Encoding: br' -H "If-None-Match: $brotli"
check "and not for another" gives 200 /app.js -H 'Accept-Encoding: br' -H "If-None-Match: $plain"
check "304 tells the tag" header_is ETag "$brotli" /app.js -H 'Accept-Encoding: br' \
	-H "If-None-Match: $brotli"
check "and for how long" header_is Cache-Control no-cache /app.js -H "If-None-Match: $plain"
check "and that it varies" header_is Vary Accept-Encoding /app.js -H "If-None-Match: $plain"
check "but nothing of the bytes" header_is Content-Type '' /app.js -H "If-None-Match: $plain"
check "If-Match with the tag goes on" gives 200 /app.js -H "If-Match: \"a\", $plain"
check "with another it does not" gives 412 /app.js -H 'If-Match: "a"'
check "nor with a weak one" gives 412 /app.js -H "If-Match: W/$plain"
check "If-Unmodified-Since refuses what is newer" gives 412 /app.js \
	-H 'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT'

check "a part of a sibling is a part of its bytes" equal \
	"$(ask /app.js -r 0-5 -H 'Accept-Encoding: br')" brotli
check "of as many as it has" header_is Content-Range 'bytes 0-5/16' /app.js -r 0-5 \
	-H 'Accept-Encoding: br'
check "and still called encoded" header_is Content-Encoding br /app.js -r 0-5 \
	-H 'Accept-Encoding: br'
check "If-Range with its tag gives the part" gives 206 /app.js -r 0-5 -H 'Accept-Encoding: br' \
	-H "If-Range: $brotli"
check "with the file's the whole" gives 200 /app.js -r 0-5 -H 'Accept-Encoding: br' \
	-H "If-Range: $plain"

check "caches ask for a page each time" header_is Cache-Control no-cache /
check "and for a file" header_is Cache-Control no-cache /static/a.js
check "what is hashed never changes" header_is Cache-Control 'max-age=31536000, immutable' \
	/app.3f9a1c2b.js

check "a redirect keeps the query" header_is Location '/assets/?a=%20b&c' '/assets?a=%20b&c'
check "a page that is not there is not found" gives 404 /users/7
for path in '/index.html%00.png' '/%' '/a%2' '/a%zz'; do
	check "$path is refused" gives 400 "$path"
done
for path in '/%252e%252e/secret.svg.br' '/..%5csecret.svg.br' '/\..\secret.svg.br' \
	'/%c0%ae%c0%ae/secret.svg.br' '/%2e%2e%2fsecret.svg.br' '/assets/..%00/../secret.svg.br'; do
	check "$path leads nowhere" not says secret ask "$path"
done
check "a backslash is no slash" gives 404 '/assets\a.js'
check "a name that a proxy spells out is the same" equal \
	"$(ask / --request-target "http://example.org/assets/a.js")" asset
check "what is no path at all is refused" gives 400 / --request-target example.org
check "OPTIONS * is not offered" gives 405 / -X OPTIONS --request-target '*'
check "what is not there is told in a line" equal "$(ask /users/7)" "404 Not Found"
printf 'our own 404\n' >"$root/404.html"
check "or by a page, if the site has one" equal "$(ask /users/7)" 'our own 404'
check "with the status all the same" gives 404 /users/7
check "as HTML" header_is Content-Type 'text/html; charset=utf-8' /users/7
check "that nobody keeps" header_is Cache-Control no-store /users/7
check "HEAD has its length" header_is Content-Length 12 /users/7 -I
check "hidden names get it, too" equal "$(ask /.git/config)" 'our own 404'
check "it exits with 0" end

serve --spa --max-age 10m --immutable /static/
check "a single-page application has every page" equal "$(ask /users/7)" 'the page'
check "with status 200" gives 200 /users/7/edit
check "below a folder, too" equal "$(ask /assets/users)" 'the page'
check "and in place of one without index" equal "$(ask /bare/)" 'the page'
check "and below what is a file" equal "$(ask /app.js/users)" 'the page'
check "as HTML" header_is Content-Type 'text/html; charset=utf-8' /users/7
check "that is asked for each time" header_is Cache-Control no-cache /users/7
check "its tag is that of the index" header_is ETag "$(header ETag /)" /users/7
check "HEAD has it" gives 200 /users/7 -I
check "POST has not" gives 405 /users/7 -d x
check "its own page for files that are not there" equal "$(ask /assets/gone.js)" 'our own 404'
check "what looks like a file is not there" gives 404 /assets/gone.js
check "nor is what begins with a dot" gives 404 /.git/config
check "what is there comes as it is" equal "$(ask /assets/a.js)" asset
check "caches keep files as long as was said" header_is Cache-Control max-age=600 /assets/a.js
check "and for ever where that was said" header_is Cache-Control 'max-age=31536000, immutable' \
	/static/a.js
check "and ask for pages all the same" header_is Cache-Control no-cache /
check "it exits with 0 again" end

check "a time without a unit is a usage error" exits 2 "$BUILD/cluster-worker" --max-age 600
