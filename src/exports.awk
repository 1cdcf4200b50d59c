# exports.awk - the names of the functions and objects that headers declare,
# one a line, for src/libasyncore.sym; with -v whole=1 the declarations, with
# single spaces, to compare others with.
#
# Reads the way our headers are written: a declaration begins in the first
# column and is "type name(...)..." or "extern type name"; everything else
# (comments, directives, structs) is passed over.

{ text = text $0 "\n" }

# Takes out of the text what lies between `from` and `to`, these included.
function without(from, to,    at, rest)
{
	while ((at = index(text, from)) > 0) {
		rest = substr(text, at + length(from))
		if (index(rest, to) == 0)
			break
		rest = substr(rest, index(rest, to) + length(to))
		text = substr(text, 1, at - 1) rest
	}
}

END {
	without("/*", "*/")
	without("#ifdef __cplusplus", "#endif")
	gsub(/\\\n/, " ", text)
	gsub(/(^|\n)[ \t]*#[^\n]*/, "\n", text)
	gsub(/\n/, " ", text)
	# Structs have no braces inside of them that are not closed again.
	while (match(text, /\{[^{}]*\}/))
		text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)

	n = split(text, declarations, ";")
	for (i = 1; i <= n; i++) {
		d = declarations[i]
		gsub(/[ \t]+/, " ", d)
		gsub(/\( /, "(", d)
		sub(/^ /, "", d)
		sub(/ASYNCORE_PRINTF\(.*/, "", d)
		sub(/ $/, "", d)
		is_function = match(d, /[a-z_0-9]+\(/)
		if (!is_function && d !~ /^extern /)
			continue
		if (whole)
			print d
		else if (is_function)
			print substr(d, RSTART, RLENGTH - 1)
		else {
			sub(/.* /, "", d)
			print d
		}
	}
}
