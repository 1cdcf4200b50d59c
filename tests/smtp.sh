#!/bin/sh
# shellcheck disable=SC2086
# smtp.sh - examples/smtp_sink keeps what real clients send it, byte for byte:
# curl, swaks, Python's smtplib, and postfix's smtp-source over 100 connections
# at once.  Its replies are those of Python's smtpd, and where that one gives up
# it goes on.
#
# From the environment: top_srcdir, top_builddir; SMTP_SOURCE, the command that
# is smtp-source where it is not in the PATH; SMTP_MESSAGES, how many it sends.
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

sink=
trap '[ -z "$sink" ] || kill $sink 2>/dev/null; rm -rf "$tmp"' 0

limit=
! timeout 1 true >/dev/null 2>&1 || limit='timeout 600'

python=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 /usr/bin/python3; do
	if ($candidate -c 'import smtplib') >/dev/null 2>&1; then
		: "${python:=$candidate -W ignore}"
	fi
	if ($candidate -W ignore -c 'import smtpd') >/dev/null 2>&1; then
		python="$candidate -W ignore"
		break
	fi
done
source=${SMTP_SOURCE:-$(PATH=$PATH:/usr/sbin command -v smtp-source)}
messages=${SMTP_MESSAGES:-500}

# ---- The sink ---------------------------------------------------------------

# start KIND ARGUMENT...: a new one, with a store of this kind.
start() {
	kind=$1
	store=$tmp/$kind
	option=-m
	[ "$kind" = mbox ] || option=-d
	shift
	rm -rf "$store" "$tmp/port"
	mkfifo "$tmp/port"
	"$top_builddir/examples/smtp_sink" $option "$store" "$@" 127.0.0.1:0 \
	    >"$tmp/port" 2>"$tmp/sink.log" &
	sink=$!
	read -r port <"$tmp/port"
}

# stop SIGNAL: it ends well, and has nothing to complain of.
stop() {
	status=0
	kill "-$1" $sink
	wait $sink || status=$?
	sink=
	cat "$tmp/sink.log"
	[ $status -eq 0 ] && [ ! -s "$tmp/sink.log" ]
}

# clients COMMAND ARGUMENT...: those of smtp_clients.py
clients() {
	$limit $python "$top_srcdir/tests/smtp_clients.py" "$@" &&
	    kill -0 $sink
}

# says STATUS TEXT ARGUMENT...: the sink does not start, and says why.
says() {
	wanted=$1
	text=$2
	shift 2
	status=0
	$limit "$top_builddir/examples/smtp_sink" "$@" >"$tmp/out" \
	    2>"$tmp/err" || status=$?
	echo "exit status $status"
	cat "$tmp/out" "$tmp/err"
	[ $status -eq "$wanted" ] && [ ! -s "$tmp/out" ] &&
	    grep -q "^$text" "$tmp/err"
}

check 'no store' says 2 usage:
check 'two stores' says 2 usage: -m "$tmp/a" -d "$tmp/b"
check 'an option that is none' says 2 '' -x
for size in '' x 1x -1 99999999999999999999; do
	check "a size that is none: '$size'" \
	    says 1 'smtp_sink: .*: not a number of bytes' -s "$size"
done
for place in '' localhost 127.0.0.1:x 127.0.0.1:65536 '[::1:25' nosuch.invalid:1
do
	check "a place that is none: '$place'" \
	    says 1 'smtp_sink: ' -m "$tmp/mbox" "$place"
done
check 'an mbox that cannot be' \
    says 1 "smtp_sink: $tmp/no/mbox: " -m "$tmp/no/mbox" 127.0.0.1:0
check 'a Maildir that cannot be' \
    says 1 "smtp_sink: $tmp/no/dir: " -d "$tmp/no/dir" 127.0.0.1:0

# ---- Clients ----------------------------------------------------------------

# A file with what is quoted on the way, or could be mistaken.
awk 'BEGIN {
	printf "From: a@example.org\r\nSubject: lines\r\n\r\n"
	printf ".\r\n..\r\n.dot\r\nFrom here\r\n>From there\r\n\r\n\r\n"
	for (i = 0; i < 200; i++)
		printf "%d line with some text in it, of a usual length\r\n", i
}' >"$tmp/message"
tr -d '\r' <"$tmp/message" >"$tmp/expected"
# smtp-source sends an empty line behind it.
{ cat "$tmp/expected"; echo; } >"$tmp/expected_of_source"

by_curl() {
	$limit curl -sS "smtp://127.0.0.1:$port" --mail-from from@example.org \
	    --mail-rcpt to@example.org --mail-rcpt also@example.org \
	    -T "$tmp/message" || return
	[ -z "$python" ] || clients kept "$kind" "$store" 1 "$tmp/expected"
}

by_swaks() {
	$limit swaks --server 127.0.0.1 --port "$port" --helo localhost \
	    --from from@example.org --to to@example.org \
	    --header 'Subject: dots' --body "$tmp/body" >"$tmp/transcript" ||
	    return
	grep '^<-  250 OK' "$tmp/transcript" || return
	[ -z "$python" ] ||
	    clients transcript "$kind" "$store" "$tmp/transcript"
}
printf 'a body\n.dot\n..\nFrom here\n\nend\n' >"$tmp/body"

# smtp-source ends each line of the file with CRLF, and quotes dots.
by_source() {
	$limit $source -4 -d -N -s 100 -m "$messages" -f from@example.org \
	    -t to@example.org -F "$tmp/expected" "127.0.0.1:$port" || return
	[ -z "$python" ] || clients kept "$kind" "$store" "$messages" \
	    "$tmp/expected_of_source"
}

for kind in mbox maildir; do
	start $kind
	if curl --version 2>/dev/null | grep -q smtp; then
		check "$kind: curl" by_curl
	else
		skip "$kind: curl" 'there is no curl with SMTP'
	fi
	if command -v swaks >/dev/null 2>&1; then
		check "$kind: swaks" by_swaks
	else
		skip "$kind: swaks" 'there is no swaks'
	fi
	check "$kind: SIGTERM ends it" stop TERM
	start $kind
	if [ -n "$python" ]; then
		check "$kind: smtplib" clients send "$port" $kind "$store"
		check "$kind: connections that break" \
		    clients breaks "$port" $kind "$store"
	else
		skip "$kind: smtplib" 'there is no python3'
		skip "$kind: connections that break" 'there is no python3'
	fi
	check "$kind: SIGINT ends it" stop INT
	start $kind
	if [ -n "$source" ]; then
		check "$kind: smtp-source, $messages messages over 100 connections" \
		    by_source
	else
		skip "$kind: smtp-source" 'there is no smtp-source, which postfix has'
	fi
	check "$kind: and has ended well" stop TERM
done

# ---- Replies ----------------------------------------------------------------

for utf8 in '' utf8; do
	start maildir -s 1000 ${utf8:+-u}
	name="${utf8:+with SMTPUTF8: }replies are those of smtpd"
	if $python -c 'import smtpd' 2>/dev/null; then
		check "$name" clients replies "$port" $utf8
	else
		skip "$name" 'there is no Python with smtpd'
	fi
	if [ -n "$python" ]; then
		check 'what smtpd does not survive' clients goes_on "$port"
		check 'floods, and clients that do not read' clients floods "$port"
	else
		skip 'what smtpd does not survive' 'there is no python3'
		skip 'floods, and clients that do not read' 'there is no python3'
	fi
	check 'and has ended well' stop TERM
done

# A message that cannot be kept is refused, and the next one is kept.
trouble() {
	rmdir "$store/tmp"
	! by_curl || return
	grep '^smtp_sink: .*/maildir: ' "$tmp/sink.log" || return
	: >"$tmp/sink.log"
	mkdir "$store/tmp"
	by_curl
}
start maildir
if curl --version 2>/dev/null | grep -q smtp; then
	check 'a message that cannot be kept is refused' trouble
else
	skip 'a message that cannot be kept is refused' \
	    'there is no curl with SMTP'
fi
check 'a place that is taken' \
    says 1 'smtp_sink: bind: ' -d "$store" "127.0.0.1:$port"
check 'and has ended well' stop TERM
done_testing
