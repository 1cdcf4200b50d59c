# synopsis.awk - the declarations in the section SYNOPSIS of manual pages, one a
# line, as src/exports.awk prints those of the headers with -v whole=1.
#
# Reads mdoc as our pages use it: .Ft and .Fn, or .Fo, .Fa and .Fc; and .Vt.

$1 == ".Sh" { in_synopsis = $2 == "SYNOPSIS" }

!in_synopsis { next }

# The rest of the line, without its quotes.
function argument(    s)
{
	s = $0
	sub(/^\.[A-Z][a-z] /, "", s)
	gsub(/"/, "", s)
	return s
}

function declare(s)
{
	gsub(/\* /, "*", s)
	print s
}

$1 == ".Vt" {
	s = argument()
	sub(/;$/, "", s)
	declare(s)
}

$1 == ".Ft" { type = argument() }

$1 == ".Fn" {
	s = argument()
	sub(/ /, "(", s)
	declare(type " " s ")")
}

$1 == ".Fo" { declaration = type " " argument() "("; comma = "" }

$1 == ".Fa" { declaration = declaration comma argument(); comma = ", " }

$1 == ".Fc" { declare(declaration ")") }
