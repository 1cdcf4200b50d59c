# names.awk - the names of manual pages, one a line, each with its page:
# "asyncore_poll asyncore_loop".
#
# They are what the section NAME of a page lists.  `make install` makes a link
# for each but the page's own, and tests/man.sh looks for every symbol here.

FNR == 1 {
	page = FILENAME
	sub(/.*\//, "", page)
	sub(/\.[0-9]$/, "", page)
}

$1 == ".Sh" { in_name = $2 == "NAME" }

in_name && $1 == ".Nm" { print $2, page }
