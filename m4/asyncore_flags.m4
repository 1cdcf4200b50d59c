# Flags for the compiler, probed one by one into variables of our own, so that
# CFLAGS and LDFLAGS stay the user's.

# ASYNCORE_TRY_FLAG(FLAG, COMPILE-OR-LINK, VARIABLE)
#
# Adds FLAG to VARIABLE if the compiler takes it without a complaint.  It is
# tried together with -Werror: clang only warns of a flag it does not know.
AC_DEFUN([ASYNCORE_TRY_FLAG],
[AS_VAR_PUSHDEF([cached], [asyncore_cv_flag_$1])dnl
AC_CACHE_CHECK([whether $CC takes $1], [cached],
	[asyncore_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	$2([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
		[AS_VAR_SET([cached], [yes])],
		[AS_VAR_SET([cached], [no])])
	CFLAGS=$asyncore_save_CFLAGS])
AS_VAR_IF([cached], [yes], [AS_VAR_APPEND([$3], [" $1"])])
AS_VAR_POPDEF([cached])dnl
])

# ASYNCORE_ADD_FLAG(FLAG): to ASYNCORE_CFLAGS
AC_DEFUN([ASYNCORE_ADD_FLAG],
[ASYNCORE_TRY_FLAG([$1], [AC_COMPILE_IFELSE], [ASYNCORE_CFLAGS])])

# ASYNCORE_ADD_LINK_FLAG(FLAG): to ASYNCORE_LDFLAGS
AC_DEFUN([ASYNCORE_ADD_LINK_FLAG],
[ASYNCORE_TRY_FLAG([$1], [AC_LINK_IFELSE], [ASYNCORE_LDFLAGS])])

# ASYNCORE_WARNINGS
#
# The warnings we keep the code free of, and --enable-werror.
AC_DEFUN([ASYNCORE_WARNINGS],
[AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [a warning is an error])],
	[asyncore_werror=$enableval], [asyncore_werror=no])
m4_map_args([ASYNCORE_ADD_FLAG],
	[-Wall], [-Wextra], [-Wpedantic], [-Wshadow], [-Wstrict-prototypes],
	[-Wmissing-prototypes], [-Wundef])
AS_VAR_IF([asyncore_werror], [yes],
	[AS_VAR_APPEND([ASYNCORE_CFLAGS], [" -Werror"])])
])

# ASYNCORE_SANITIZERS
#
# --enable-sanitizers: the address and undefined-behaviour sanitizers;
# --enable-sanitizers=thread (or another list): that one.  A finding ends the
# program, so that it fails its test.
AC_DEFUN([ASYNCORE_SANITIZERS],
[AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
		[compile with -fsanitize=LIST @<:@address,undefined@:>@])],
	[asyncore_sanitizers=$enableval], [asyncore_sanitizers=no])
AS_VAR_IF([asyncore_sanitizers], [yes],
	[asyncore_sanitizers=address,undefined])
AS_VAR_IF([asyncore_sanitizers], [no], [],
	[ASYNCORE_SANITIZE="-fsanitize=$asyncore_sanitizers"
	AC_MSG_CHECKING([whether $CC links with $ASYNCORE_SANITIZE])
	asyncore_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $ASYNCORE_SANITIZE"
	AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		AC_MSG_ERROR(
			[$CC has no runtime library for $ASYNCORE_SANITIZE])])
	CFLAGS=$asyncore_save_CFLAGS
	AS_VAR_APPEND([ASYNCORE_CFLAGS],
		[" $ASYNCORE_SANITIZE -fno-sanitize-recover=all"])
	AS_VAR_APPEND([ASYNCORE_CFLAGS], [" -fno-omit-frame-pointer"])
	AS_VAR_APPEND([ASYNCORE_LDFLAGS], [" $ASYNCORE_SANITIZE"])])
])
