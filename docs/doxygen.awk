# doxygen.awk - our headers as Doxygen wants them: it reads them through this.
#
# A comment becomes one of documentation: of the file where it is the first; of
# what stands before it on its line; of a group where it is between two rules, or
# in a struct begins with "--"; and else of what follows.  Inside of it an
# indented line is code, "word<tab>" begins an item of a list, and nothing else
# has a meaning to Doxygen.

BEGIN { in_struct = 0 }

# Begins or ends the code that the comment shows.
function code(on)
{
	if (on != in_code)
		print on ? "@code{.c}" : "@endcode"
	in_code = on
}

function escaped(s)
{
	gsub(/[\\@#<>%&$]/, "\\\\&", s)
	while (match(s, /`[^`]*`/))
		s = substr(s, 1, RSTART - 1) "<tt>" \
		    substr(s, RSTART + 1, RLENGTH - 2) "</tt>" \
		    substr(s, RSTART + RLENGTH)
	return s
}

# A line of a comment, without what marks it as one.
function say(s)
{
	if (s == "") {
		blank = said
		return
	}
	said = 1
	is_code = s ~ /^\t/ && (in_code || !in_item)
	if (!is_code)
		code(0)
	if (blank)
		print ""
	if (is_code)
		code(1)
	blank = 0
	if (is_code) {
		print substr(s, 2)
		return
	}
	if (match(s, /^[a-z_]+\t+/)) {
		in_item = 1
		word = substr(s, 1, RLENGTH)
		sub(/\t+/, "", word)
		print "@li @c " word ": " escaped(substr(s, RLENGTH + 1))
		return
	}
	if (s !~ /^\t/)
		in_item = 0
	print s ~ /^[A-Z ]+$/ ? "@b " s : escaped(s)
}

# The first line of a group's comment: its title, up to a colon or the end of
# the sentence, and the beginning of what it says.
function name_group(s)
{
	if (match(s, /[:.] */)) {
		print "@name " substr(s, 1, RSTART - 1)
		say("")
		s = substr(s, RSTART + RLENGTH)
		if (s != "")
			say(s)
	} else
		print "@name " s
	is_named = 1
}

# Groups of a struct's members are inside of one of the file's.
function end_group(inside)
{
	if (is_open[inside])
		print "/** @} */"
	is_open[inside] = 0
}

function end_comment()
{
	code(0)
	if (is_group) {
		print "@{"
		is_open[in_struct] = 1
	}
	print "*/"
	in_comment = in_item = 0
}

# What is before the comment's opening mark, and after it.
function begin_comment(before, s)
{
	is_group = s ~ /^ --/
	if (is_group)
		end_group(in_struct)
	print before "/**" (before ~ /[^ \t]/ ? "<" : "")
	if (comments++ == 0)
		print "@file"
	in_comment = 1
	is_named = said = blank = 0
	go_on(s)
}

# A line inside of a comment, which may end there.
function go_on(s)
{
	is_end = sub(/[ \t]*\*\/.*/, "", s)
	sub(/^[ \t]*\*/, "", s)
	sub(/^ (--+ *)?/, "", s)
	if (is_group && !is_named && s != "")
		name_group(s)
	else
		say(s)
	if (is_end)
		end_comment()
}

in_comment {
	go_on($0)
	next
}

!/^#endif/ && match($0, /\/\*/) {
	begin_comment(substr($0, 1, RSTART - 1), substr($0, RSTART + 2))
	next
}

/^(struct|enum).*\{$/ { in_struct = 1 }

/^};/ {
	end_group(1)
	in_struct = 0
}

/^#ifdef __cplusplus/ { n_cplusplus++ }

# Before the end of what is for C++: the last group ends there.
n_cplusplus == 2 { end_group(0) }

{ print }
