# embed.awk - makes a file part of a program: an array of its lines, as C.
#
#	awk -v name=page_js -f embed.awk page.js >page_js.h
BEGIN {
	printf "static const char *const %s[] = {\n", name
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	gsub(/\t/, "\\t")
	printf "\t\"%s\\n\",\n", $0
}
END {
	print "\tNULL"
	print "};"
}
