#!/bin/sh
# timeline.sh - asyncore-timeline: its pictures are those of the trace, its page
# is one in a browser too, and a bad trace is told and does no harm.
#
# timeline.py, beside it, looks into pictures and makes traces.  A browser is
# Chromium, or $CHROMIUM; without one, its part is skipped.
#
# From the environment: top_srcdir, top_builddir.
# dash and bash have `ulimit -v`; where it is missing, its part is skipped.
# shellcheck disable=SC3045
: "${top_srcdir:=$(dirname "$0")/..}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

(python3 --version) >/dev/null 2>&1 || skip_all 'there is no python3'
tool=$top_builddir/tools/asyncore-timeline
lorem=$top_srcdir/examples/lorem.txt

py() {
	python3 "$top_srcdir/tests/timeline.py" "$@"
}

# draw TRACE FORMAT: makes TRACE.FORMAT, and says nothing.
draw() {
	"$tool" --format="$2" -o "$1.$2" "$1" 2>"$tmp/said" || return
	cat "$tmp/said"
	[ ! -s "$tmp/said" ]
}

# ---- Every event is in its lane and pass ------------------------------------

echo_trace() {
	ASYNCORE_TRACE=$1 "$top_builddir/examples/echo" "$lorem" 2>/dev/null &&
	    [ "$(grep -c '"hook_begin"' "$1")" -gt 20 ]
}

check 'the echo example writes a trace' echo_trace "$tmp/echo"
for kind in big hostile nested two; do
	py make $kind >"$tmp/$kind"
done

# Two processes write to one file.
echo_trace "$tmp/both" && echo_trace "$tmp/both"

shows() {
	draw "$2" "$1" && py "$3" "$2" "$2.$1"
}

for kind in echo both big hostile nested two; do
	check "$kind: all is in its place of the picture" \
	    shows svg "$tmp/$kind" svg
	check "$kind: and of the page, which refers to nothing else" \
	    shows html "$tmp/$kind" page
	check "$kind: slices match in Chrome's format" \
	    shows chrome "$tmp/$kind" chrome
done

# Of what does not depend on the trace: the style and the legend.
legend() {
	sed '/<svg/d; /class=.title/d; /data-pid/,$d' "$1"
}

# Else it is to be drawn anew.
is_in_docs() {
	legend "$1" >"$tmp/legend" && grep -q "class='legend'" "$tmp/legend" &&
	    legend "$top_srcdir/docs/timeline-echo.svg" |
	    diff - "$tmp/legend"
}

check 'the picture in docs/ is drawn as this one' is_in_docs "$tmp/echo.svg"

# ---- In a browser -----------------------------------------------------------

browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser ||
    command -v google-chrome || :)}

# browse ADDRESS FLAG...
browse() {
	address=$1
	shift
	rm -rf "$tmp/profile"
	timeout 300 "$browser" --headless --no-sandbox --disable-gpu \
	    --disable-quic --no-first-run --disable-background-networking \
	    --disable-component-update --disable-sync \
	    --user-data-dir="$tmp/profile" "$@" "$address" 2>"$tmp/browser"
}

# The script has been there: with #all all is on the screen at once.
shows_in_browser() {
	browse "file://$1.html#all" --dump-dom >"$1.dom" && py dom "$1" "$1.dom"
}

# Of a long trace, only what is in view.
shows_a_part() {
	browse "file://$1.html" --dump-dom >"$1.dom" || return
	shown=$(py shown "$1.dom") || return
	echo "$shown"
	[ "$shown" -gt 20 ] && [ "$shown" -lt 1000 ]
}

# Somebody who goes to a pass and to an error, zooms and comes back.
obeys() {
	{
		cat "$1.html"
		cat <<'END'
<script>
const said = [], by = (id) => document.getElementById(id);
const shown = () => document.querySelectorAll('.body [data-line]').length;
const has = (what) => document.querySelector('.body ' + what) !== null;
by('pass').value = 300;
by('pass').dispatchEvent(new Event('change'));
said.push(has('[data-hook="handle_read"][data-pass="300"]'));
said.push(!has('[data-pass="388"]'));
by('error').click();
said.push(has('[data-error="handle_read"][data-pass="388"]'));
by('next').click();
said.push(has('[data-pass="389"]') && !has('[data-pass="300"]'));
const before = shown();
for (let i = 0; i < 5; i++)
	dispatchEvent(new KeyboardEvent('keydown', { key: '-' }));
said.push(shown() > before);
dispatchEvent(new KeyboardEvent('keydown', { key: '0' }));
said.push(shown() === before && has('[data-pass="389"]'));
document.title = said.join(' ');
</script>
END
	} >"$1.user.html"
	browse "file://$1.user.html" --window-size=1400,900 --dump-dom |
	    grep '<title>' >"$1.user" && cat "$1.user" &&
	    grep -q '<title>true true true true true true</title>' "$1.user"
}

prints() {
	browse "file://$1.html" --print-to-pdf="$1.pdf" >/dev/null &&
	    pdftotext -layout "$1.pdf" "$1.text" && cat "$1.text" &&
	    [ "$(grep -c 'pass 7' "$1.text")" -ge 1 ] &&
	    grep -q 'handle_accept() → 0' "$1.text" &&
	    grep -q 'What the signs mean' "$1.text"
}

why=
if [ -z "$browser" ]; then
	why='there is no chromium'
elif ! browse 'data:text/html,<p>here</p>' --dump-dom >"$tmp/dom" ||
    ! grep -q '<p>here</p>' "$tmp/dom"; then
	why="$browser does not work here"
fi
for kind in echo nested two hostile big; do
	name="$kind: a browser has every hook in its lane and pass"
	if [ -n "$why" ]; then
		skip "$name" "$why"
	else
		check "$name" shows_in_browser "$tmp/$kind"
	fi
done
name='of 10000 events a browser has only those in view'
if [ -n "$why" ]; then
	skip "$name" "$why"
else
	check "$name" shows_a_part "$tmp/big"
fi
name='it goes to a pass and to an error, and zooms'
if [ -n "$why" ]; then
	skip "$name" "$why"
else
	check "$name" obeys "$tmp/big"
fi
name='on paper there are all passes, and the legend'
if [ -n "$why" ]; then
	skip "$name" "$why"
elif ! (pdftotext -v) >/dev/null 2>&1; then
	skip "$name" 'there is no pdftotext'
else
	check "$name" prints "$tmp/echo"
fi

# ---- How it is called -------------------------------------------------------

# fails STATUS MESSAGE COMMAND...: with the one, and the other on stderr.
fails() {
	wanted=$1
	message=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	cat "$tmp/err"
	[ $got -eq "$wanted" ] && [ ! -s "$tmp/out" ] &&
	    grep -q -F -e "asyncore-timeline: $message" "$tmp/err"
}

reads_stdin() {
	"$tool" - <"$tmp/echo" >"$tmp/a" && "$tool" <"$tmp/echo" >"$tmp/b" &&
	    cmp "$tmp/a" "$tmp/b" && grep -q '<title>standard input' "$tmp/a"
}

# A path is told the tool as it is; the trace must be whole afterwards.
spares_the_trace() {
	cp "$tmp/echo" "$tmp/same"
	ln -s same "$tmp/link"
	fails 1 "$tmp/link: this is the trace itself" \
	    "$tool" -o "$tmp/link" "$tmp/same" && cmp "$tmp/echo" "$tmp/same"
}

spares_an_older_picture() {
	echo old >"$tmp/picture"
	! "$tool" -o "$tmp/picture" "$lorem" 2>/dev/null &&
	    [ "$(cat "$tmp/picture")" = old ]
}

helps() {
	"$tool" --help | grep -q '^usage: asyncore-timeline' &&
	    "$tool" --version | grep -q '^asyncore-timeline (libasyncore) [0-9]'
}

check 'it says how it is called' helps
check 'it reads the standard input' reads_stdin
check 'it writes over no trace' spares_the_trace
check 'nor over a picture, where the trace is bad' spares_an_older_picture
check 'an unknown format is an error' fails 2 "there is no format 'x'" \
    "$tool" --format=x "$tmp/echo"
check 'so are two traces' fails 2 'one trace at a time' \
    "$tool" "$tmp/echo" "$tmp/echo"
check 'and an unknown option' fails 2 '' "$tool" --x
check 'a file that is not there is told' \
    fails 1 "$tmp/none: No such file" "$tool" "$tmp/none"
check 'so is one that cannot be written' \
    fails 1 "$tmp/no/dir: No such file" "$tool" -o "$tmp/no/dir" "$tmp/echo"
if [ -c /dev/full ]; then
	check 'and a full disk' fails 1 '/dev/full: cannot write: No space' \
	    "$tool" -o /dev/full "$tmp/echo"
else
	skip 'and a full disk' 'there is no /dev/full'
fi

# ---- Bad traces -------------------------------------------------------------

# bad NAME LINE MESSAGE: the file $tmp/bad is refused there.
bad() {
	check "$1" fails 1 "$tmp/bad:$2: $3" "$tool" "$tmp/bad"
}

head -n 1 "$tmp/echo" >"$tmp/head"
cp "$lorem" "$tmp/bad"
bad 'a text is no trace' 1 'it is no JSON object'
: >"$tmp/bad"
bad 'nor is an empty file' 1 'this is no trace: it is empty'
echo '{"pid":1,"map":"0x1","time":1,"pass":0,"event":"add"}' >"$tmp/bad"
bad 'nor one without a header' 1 'there is no "channel"'
sed 1d "$tmp/echo" >"$tmp/bad"
bad 'nor the end of one' 1 'this is no trace: it does not begin with'
sed 's/"asyncore_trace":1/"asyncore_trace":2/' "$tmp/echo" >"$tmp/bad"
bad 'nor one of a later format' 1 'this is not version 1 of the format'
sed '9s/.*/{"pid":/' "$tmp/echo" >"$tmp/bad"
bad 'a line that is cut in the middle is told' 9 'a value is missing'
sed '5s/"pass":1/"pass":"one"/' "$tmp/echo" >"$tmp/bad"
bad 'and a member that is of another type' 5 '"pass" is no integer'
sed '6s/"result":true//; 6s/,}/}/' "$tmp/echo" >"$tmp/bad"
bad 'and one that is missing' 6 'there is no "result"'
(cat "$tmp/head"; head -c 70000 /dev/zero) >"$tmp/bad"
bad 'and a line without an end' 2 'the line is too long'
head -c 4 "$tmp/echo" >"$tmp/bad"
bad 'a header that is cut is no trace' 1 'a string has no end'

# The trace without its last bytes: the picture up to there, and both say so.
cut_off() {
	size=$(wc -c <"$tmp/echo")
	head -c $((size - $1)) "$tmp/echo" >"$tmp/cut"
	lines=$(($(wc -l <"$tmp/cut") + 1))
	for format in svg html chrome; do
		"$tool" --format=$format "$tmp/cut" >"$tmp/cut.$format" \
		    2>"$tmp/said" || return
		cat "$tmp/said"
		grep -q -x "asyncore-timeline: $tmp/cut:$lines: the trace is \
cut off here; the picture ends before it" "$tmp/said" || return
	done
	py svg "$tmp/cut" "$tmp/cut.svg" &&
	    py page "$tmp/cut" "$tmp/cut.html" &&
	    grep -q "The trace is cut off in its line $lines" "$tmp/cut.svg" &&
	    grep -q "The trace is cut off in its line $lines" "$tmp/cut.html" &&
	    grep -q "\"ends_before_line\":$lines" "$tmp/cut.chrome"
}

no_newline() {
	printf %s "$(cat "$tmp/echo")" >"$tmp/line"
	draw "$tmp/line" svg && py svg "$tmp/echo" "$tmp/line.svg"
}

# A program that was killed in a hook: all lines are whole.
killed() {
	sed '/"handle_accept"/q' "$tmp/echo" >"$tmp/killed"
	draw "$tmp/killed" svg && py svg "$tmp/killed" "$tmp/killed.svg" &&
	    grep -q 'The trace ends inside of a pass' "$tmp/killed.svg" &&
	    grep -q 'handle_accept() …' "$tmp/killed.svg"
}

# The header, and some lines from later on: what has no beginning is left out.
middle() {
	(cat "$tmp/head"; sed 1,30d "$tmp/echo") >"$tmp/middle"
	draw "$tmp/middle" svg && draw "$tmp/middle" chrome &&
	    [ "$(grep -c 'data-hook=' "$tmp/middle.svg")" -gt 5 ]
}

check 'a trace that is cut off gives the picture up to there' cut_off 40
check 'also where only its last bracket is missing' cut_off 2
check 'one without its last newline is whole' no_newline
check 'a trace that ends in a hook says so' killed
check 'a part of a trace with the header in front is one' middle
check 'random damage is refused with its line, or shown' \
    py mutate "$tool" "$tmp/echo" 300 1

# ---- Large ones -------------------------------------------------------------

# Without an end: it stops by itself.
long_trace() {
	cat "$tmp/head"
	yes "$(sed -n 2p "$tmp/echo")"
}

# The limit is far below what a gigabyte would need, whichever the format is.
stops() {
	for format in svg html chrome; do
		long_trace 2>/dev/null | (
			ulimit -v "$1" &&
			exec "$tool" --format=$format -o "$tmp/long.$format"
		) 2>"$tmp/said" || { cat "$tmp/said"; return 1; }
		cat "$tmp/said"
		grep -q 'standard input:100000: the picture ends behind this' \
		    "$tmp/said" || return
	done
	grep -q 'The trace is longer: the picture ends' "$tmp/long.svg" &&
	    grep -q 'The trace is longer: the picture ends' "$tmp/long.html"
}

# Long lines, all of them others.
stops_by_bytes() {
	cat "$tmp/head" >"$tmp/wide"
	$AWK -v line='{"pid":1,"map":"0x1","time":1,"pass":0,"event":"add"' '
	BEGIN {
		for (s = "x"; length(s) < 65000; s = s s)
			;
		s = substr(s, 1, 65000)
		for (i = 0; i < 1100; i++)
			printf "%s,\"channel\":\"0x%d\",\"repr\":\"%s\"}\n",
			    line, i, s
	}' >>"$tmp/wide"
	(ulimit -v "$1" && exec "$tool" --format=chrome -o /dev/null \
	    "$tmp/wide") 2>"$tmp/said" || { cat "$tmp/said"; return 1; }
	cat "$tmp/said"
	grep -q 'the picture ends behind this line' "$tmp/said"
}

# A gigabyte that is not there: zeros.
sparse() {
	cp "$tmp/head" "$tmp/sparse"
	truncate -s 1G "$tmp/sparse" || return
	(ulimit -v "$1" && fails 1 "$tmp/sparse:2: the line is too long" \
	    "$tool" "$tmp/sparse")
}

: "${AWK:=awk}"
kilobytes=300000
if (ulimit -v $kilobytes && "$tool" --version) >/dev/null 2>&1; then
	check 'a trace without an end gives its beginning, in 300 MB' \
	    stops $kilobytes
	check 'so does one of long lines' stops_by_bytes $kilobytes
	check 'a gigabyte of zeros is refused' sparse $kilobytes
else
	for name in 'a trace without an end gives its beginning, in 300 MB' \
	    'so does one of long lines' 'a gigabyte of zeros is refused'; do
		skip "$name" 'the program does not start with little memory'
	done
fi
done_testing
