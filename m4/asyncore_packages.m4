# ASYNCORE_PACKAGES(DEBIAN, FEDORA, ARCH, ALPINE, SUSE, HOMEBREW)
#
# The text that says under which name each system has a package, for messages
# about what is missing.
AC_DEFUN([ASYNCORE_PACKAGES],
[    Debian, Ubuntu:  apt-get install $1
    Fedora, RHEL:    dnf install $2
    Arch:            pacman -S $3
    Alpine:          apk add $4
    openSUSE:        zypper install $5
    Homebrew:        brew install $6])
