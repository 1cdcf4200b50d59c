#!/bin/sh
# proxy.sh - examples/proxy: what goes through it is whole, in both directions
# and whoever finishes first; nobody who is slow, gone or silent costs it more
# than his connection.
#
# curl and wrk go through it to a real nginx; proxy_clients.py has the rest.
# From the environment: top_srcdir, top_builddir.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/nginx.sh"

www=$tmp/www
nginx_pid=
proxy=
# shellcheck disable=SC2086
trap '[ -z "$nginx_pid$proxy" ] || kill $nginx_pid $proxy 2>/dev/null
rm -rf "$tmp"' 0

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 300'

# start UPSTREAM: sets $url
start() {
	rm -f "$tmp/port"
	mkfifo "$tmp/port"
	"$top_builddir/examples/proxy" 0 "$1" >"$tmp/port" 2>"$tmp/proxy.log" &
	proxy=$!
	read -r port <"$tmp/port" || return
	url=http://127.0.0.1:$port
}

# stop: Ctrl-C ends it well, and it has nothing to complain of.
stop() {
	status=0
	kill -INT "$proxy"
	wait "$proxy" || status=$?
	proxy=
	echo "exit status $status"
	cat "$tmp/proxy.log"
	[ $status -eq 0 ] && [ ! -s "$tmp/proxy.log" ]
}

# ---- How it is called -------------------------------------------------------

# says STATUS TEXT ARGUMENT...: it does not start, and says why.
says() {
	wanted=$1
	text=$2
	shift 2
	status=0
	$limit "$top_builddir/examples/proxy" "$@" >"$tmp/out" 2>"$tmp/err" ||
	    status=$?
	echo "exit status $status"
	cat "$tmp/out" "$tmp/err"
	[ $status -eq "$wanted" ] && [ ! -s "$tmp/out" ] &&
	    grep -q "^$text" "$tmp/err"
}

check 'no upstream' says 2 'usage:' 0
check 'an upstream without a port' says 2 'usage:' 0 localhost
for port in x 127.0.0.1:x nosuch.invalid:0; do
	check "an address that is none: $port" \
	    says 1 "proxy: $port: " "$port" 127.0.0.1:80
done
for seconds in '' x 0 -1 nan; do
	check "a time that is none: '$seconds'" \
	    says 1 "proxy: $seconds: " -t "$seconds" 0 127.0.0.1:80
done

# ---- curl and wrk to nginx --------------------------------------------------

has_probe() {
	$limit curl -fsS "$1/probe" | cmp -s - "$www/probe"
}

# gets SIZE
gets() {
	$limit curl -fsS -o "$tmp/body" "$url/$1" && cmp "$www/$1" "$tmp/body"
}

# All sizes at once, each of them three times.
gets_many() {
	jobs=
	for i in 1 2 3; do
		for size in 0 1 10485760; do
			$limit curl -fsS -o "$tmp/body.$i.$size" "$url/$size" &
			jobs="$jobs $!"
		done
	done
	for job in $jobs; do
		wait "$job" || return
	done
	for i in 1 2 3; do
		for size in 0 1 10485760; do
			cmp "$www/$size" "$tmp/body.$i.$size" || return
		done
	done
}

# wrk ends by time: where the machine is too busy for one answer in a second, in
# ten.
by_wrk() {
	for seconds in 1 10 60; do
		$limit wrk -t 2 -c 50 -d $seconds --timeout 60 "$url/1" \
		    >"$tmp/wrk" || return
		cat "$tmp/wrk"
		! grep -e 'Socket errors' -e 'Non-2xx' "$tmp/wrk" || return
		! grep -q '^ *[1-9][0-9]* requests in ' "$tmp/wrk" || return 0
	done
	return 1
}

# The upstream dies while a body is on its way: the client is told, and so is
# the next one.
killed() {
	rm -f "$tmp/body"
	$limit curl -sS --limit-rate 100k -o "$tmp/body" "$url/10485760" \
	    2>"$tmp/curl.log" &
	curl=$!
	while [ ! -s "$tmp/body" ]; do
		kill -0 $curl || return
	done
	kill -9 "$nginx_pid"
	wait "$nginx_pid"	# it may listen until then
	nginx_pid=
	kill $curl
	wait $curl
	! $limit curl -sS "$url/1" || return
	grep "^proxy: localhost:${base##*:}: Connection refused$" "$tmp/proxy.log" ||
	    return
	: >"$tmp/proxy.log"
}

mkdir "$www"
echo "$tmp" >"$www/probe"
for size in 0 1 10485760; do
	head -c $size /dev/urandom >"$www/$size"
done
if [ -z "$nginx" ]; then
	skip 'curl to nginx' 'there is no nginx'
elif ! curl --version >/dev/null 2>&1; then
	skip 'curl to nginx' 'there is no curl'
elif ! start_nginx; then
	not_ok 'nginx starts' "$tmp/server.log"
else
	check 'it starts' start "${base#http://}"
	for size in 0 1 10485760; do
		check "curl gets $size bytes" gets $size
	done
	check 'several at once' gets_many
	if command -v wrk >/dev/null 2>&1; then
		check 'wrk has 50 connections without an error' by_wrk
	else
		skip 'wrk has 50 connections without an error' 'there is no wrk'
	fi
	check 'Ctrl-C ends it well' stop
	check 'it starts again' start "localhost:${base##*:}"
	check 'a name' gets 1
	check 'an upstream that is killed' killed
	check 'it has survived' stop
fi

# ---- The scenes of proxy_clients.py -----------------------------------------

# scene NAME WHAT
scene() {
	if python3 -c 'import socket, sys; sys.exit(sys.version_info < (3, 8))' \
	    >/dev/null 2>&1; then
		check "$2" python3 "$top_srcdir/tests/proxy_clients.py" \
		    "$top_builddir/examples/proxy" "$1"
	else
		skip "$2" 'there is no python3'
	fi
}

scene both_ways '10 MB in both directions at once'
scene client_finishes_first 'a client that has finished gets its answer'
scene upstream_finishes_first 'an upstream that has finished hears the client'
scene many '200 connections'
scene end_while_full 'an end that comes while the client does not read'
scene slow_client 'a client that does not read holds its upstream up'
scene slow_upstream 'an upstream that does not read holds its client up'
scene neither_reads 'both of them'
scene refused 'an upstream that refuses'
scene lost_upstream 'an upstream that is lost'
scene lost_client 'a client that is lost'
scene lost_while_full 'a client that is lost while much waits for it'
scene idle 'a connection that is idle'
scene idle_by_name 'and one that was made by a name'
scene no_such_name 'a name that does not exist'
scene interrupted_name 'Ctrl-C while a name is looked up'
scene one_is_silent 'one that is silent in one direction is not'
scene interrupted 'Ctrl-C with connections that are open'
scene no_descriptors 'without descriptors it goes on'
done_testing
