# readable.awk - a trace (ASYNCORE_TRACE=file, docs/trace.md) for reading: a line
# for each thing that happens, indented by what calls what.
#
#	awk -f readable.awk file

# The value of a member of this line; classes and results have no quotes in
# them.
function member(name,    text) {
	if (!match($0, "\"" name "\":(\"[^\"]*\"|[^,}]*)"))
		return ""
	text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
	gsub(/"/, "", text)
	return text
}

# A call is held back until it is known whether something happens inside.
function flush() {
	if (held != "")
		print indent[depth - 1] held
	held = ""
}

function say(text) {
	flush()
	print indent[depth] text
}

BEGIN {
	for (i = 1; i < 100; i++)
		indent[i] = indent[i - 1] "  "
}

{
	event = member("event")
	name = member("class") "." member("name")
	result = member("result")
}

event == "pass_begin" { say("pass " member("pass")); depth++ }
event == "pass_end" { flush(); depth-- }
event == "wait_begin" { say("wait") }
event == "wait_end" { say(result " ready") }
event == "predicate" { say(name "? " (result == "true" ? "yes" : "no")) }
event == "arm" { say("watch " member("class") " for " member("name")) }
event == "disarm" { say("unwatch " member("class") " for " member("name")) }
event == "add" { say(member("class") " enters the map") }
event == "remove" { say(member("class") " leaves the map") }
event == "close" { say(member("class") " closes") }
event == "error" { say(name " raised " result) }

event == "free" { say(member("class") " is gone") }

event ~ /^(hook|call)_/ && name ~ /^\./ { name = substr(name, 2) }

event == "hook_begin" || event == "call_begin" {
	flush()
	held = name "(" (member("argument") != "0" ? member("argument") : "") ")"
	depth++
}

event == "hook_end" || event == "call_end" {
	depth--
	if (held != "")
		print indent[depth] held " = " result
	else
		print indent[depth] "= " result
	held = ""
}
