#!/bin/sh
# http.sh - examples/http_client gets from real servers what they have, byte
# for byte, and says what is wrong where it cannot.
#
# The servers are nginx and Python's http.server, each with a port of its own
# on loopback and files in the temporary directory.
#
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/nginx.sh"
. "$top_srcdir/tests/port.sh"

sizes='0 1 1000 65536 1048576 10485760'
www=$tmp/www
servers=

# shellcheck disable=SC2086
trap '[ -z "$servers$holder" ] || kill $servers $holder 2>/dev/null
rm -rf "$tmp"' 0

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# http_client ARGUMENT...: stdout to $tmp/out, the trace to $tmp/trace
http_client() {
	rm -f "$tmp/body"
	$limit "$top_builddir/examples/http_client" -o "$tmp/body" "$@" \
	    >"$tmp/out" 2>"$tmp/trace"
}

# ---- Servers ----------------------------------------------------------------

has_probe() {
	http_client "$1/probe" && cmp -s "$tmp/body" "$www/probe"
}

# start_python ADDRESS: python3 -m http.server, which prints its port.
start_python() {
	rm -f "$tmp/port"
	mkfifo "$tmp/port"
	(
		cd "$www" && exec python3 -u -m http.server --bind "$1" 0
	) >"$tmp/port" 2>"$tmp/server.log" &
	servers="$servers $!"
	read -r line <"$tmp/port" || return
	port=$(expr "$line" : '.* port \([0-9][0-9]*\)') || return
	case $1 in
	*:*) base=http://[$1]:$port ;;
	*) base=http://$1:$port ;;
	esac
}

mkdir "$www"
echo "$tmp" >"$www/probe"
for size in $sizes; do
	head -c "$size" /dev/urandom >"$www/$size"
done

# ---- What is right ----------------------------------------------------------

# got FILE...: http_client has fetched these, in this order, and no more.
got() {
	for file; do
		cat "$www/$file"
	done >"$tmp/expected"
	cmp "$tmp/expected" "$tmp/body" || return
	awk -v base="$base" -v files="$*" '
		BEGIN { n = split(files, file, " ") }
		# The answer is longer than the body by its header.
		$1 != base "/" file[NR] || $2 != "got" || $4 != "bytes" ||
		    (file[NR] ~ /^[0-9]+$/ && ($3 <= file[NR] + 0 ||
		    $3 > file[NR] + 1000)) { print; bad = 1 }
		END { exit bad || NR != n }' "$tmp/out"
}

# fetches FILE...
fetches() {
	urls=
	for file; do
		urls="$urls $base/$file"
	done
	# shellcheck disable=SC2086
	http_client $urls || { cat "$tmp/trace"; return 1; }
	got "$@"
}

# bodies SERVER
bodies() {
	for size in $sizes; do
		check "$1: a body of $size bytes" fetches "$size"
	done
	# shellcheck disable=SC2086
	check "$1: all of them at once" fetches $sizes
}

base=
if [ -z "$nginx" ]; then
	skip 'nginx: bodies of 0 bytes to 10 MB' 'there is no nginx'
elif start_nginx; then
	servers=$nginx_pid
	bodies nginx
else
	not_ok 'nginx starts' "$tmp/server.log"
	base=
fi

if ! python3 -c 'import http.server' >/dev/null 2>&1; then
	skip 'http.server: bodies of 0 bytes to 10 MB' 'there is no python3'
	skip 'an IPv6 address' 'there is no python3'
else
	if start_python ::1; then
		check 'an IPv6 address' fetches 1000 0
	else
		skip 'an IPv6 address' 'there is no IPv6 on loopback'
	fi
	if start_python 127.0.0.1; then
		bodies http.server
	else
		not_ok 'http.server starts' "$tmp/server.log"
	fi
fi

# The server has only the first of the addresses that localhost may have.
by_name() {
	http_client "http://localhost:${base##*:}/1000" || cat "$tmp/trace"
	cmp "$www/1000" "$tmp/body"
}

steps() {
	$limit "$top_builddir/examples/step_loop" "$base/0" "$base/65536" \
	    >"$tmp/out" 2>"$tmp/trace" || { cat "$tmp/trace"; return 1; }
	grep '^root: loop_counter=2$' "$tmp/trace"
}

# ---- What is wrong ----------------------------------------------------------

# says TEXT ARGUMENT...: http_client fails, with a line that begins with TEXT.
says() {
	text=$1
	shift
	status=0
	http_client "$@" || status=$?
	echo "exit status $status"
	cat "$tmp/trace"
	[ $status -eq 1 ] && awk -v text="$text" '
		index($0, text) == 1 { found = 1 }
		END { exit !found }' "$tmp/trace"
}

# lost: a server resets the connection in the middle of its answer.
lost() {
	rm -f "$tmp/port"
	mkfifo "$tmp/port"
	python3 - >"$tmp/port" <<'END' &
import signal, socket, struct
signal.alarm(250)
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
conn = listener.accept()[0]
conn.recv(8192)
conn.sendall(b'HTTP/1.0 200 OK\r\n\r\nhalf of')
conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
conn.close()
END
	read -r port <"$tmp/port" || return
	url=http://127.0.0.1:$port/
	says "$url: the connection was lost" "$url"
}

# The first and the last of three URLs are answered, and the other is named.
others() {
	says "$1: " "$base/1000" "$1" "$base/65536" &&
	    cat "$www/1000" "$www/65536" | cmp - "$tmp/body"
}

refused=
unknown=http://nosuch.invalid/
if python3 -c 'import socket' >/dev/null 2>&1 && hold_port keep; then
	refused=http://127.0.0.1:$port/
	check 'a refused connection' \
	    says "$refused: Connection refused" "$refused"
else
	skip 'a refused connection' 'there is no python3'
fi
check 'a name that does not exist' says "$unknown: " "$unknown"
for url in '' / localhost ftp://localhost/ http:// http:/// 'http://a b/' \
    http://localhost: http://localhost:x/ http://localhost:0x50/ \
    http://localhost:0/ http://localhost:65536/ http://localhost:123456/ \
    'http://[::1/' http://::1/ 'http://[]/' 'http://[::1]x/' \
    http://user@localhost/
do
	check "a URL that is none: '$url'" \
	    says "$url: not http://host[:port][/path]" "$url"
done
check 'a file that cannot be written' \
    says "http_client: $tmp/no/file: " -o "$tmp/no/file" "$unknown"

if python3 -c 'import socket' >/dev/null 2>&1; then
	check 'a connection that is lost' lost
else
	skip 'a connection that is lost' 'there is no python3'
fi
if [ -z "$base" ]; then
	skip 'the other URLs are fetched all the same' 'there is no server'
else
	check 'a name, which may have several addresses' by_name
	check 'a 404 is an answer' http_client "$base/none"
	check 'step_loop fetches them too' steps
	for url in ${refused:+"$refused"} "$unknown" http://; do
		check "the other URLs are fetched all the same: $url" \
		    others "$url"
	done
fi
done_testing
