# libasyncore.rb - a formula for Homebrew.  packaging/release.sh writes a copy
# with the tarball's checksum.
class Libasyncore < Formula
  desc "Python's asyncore and asynchat in C, on libevent"
  homepage "https://example.org/libasyncore/"
  url "https://example.org/libasyncore/libasyncore-0.1.0.tar.gz"
  sha256 "@SHA256@"
  license "BSD-3-Clause"

  depends_on "pkgconf" => [:build, :test]
  depends_on "libevent"

  def install
    system "./configure", "--disable-silent-rules", *std_configure_args
    system "make", "install"
    pkgshare.install "examples"
  end

  test do
    flags = shell_output("pkgconf --cflags --libs libasyncore").chomp.split
    system ENV.cc, pkgshare/"examples/echo.c", "-o", "echo", *flags
    assert_match "RECEIVED COPY OF MESSAGE",
      shell_output("./echo #{pkgshare}/examples/lorem.txt 2>&1")
  end
end
