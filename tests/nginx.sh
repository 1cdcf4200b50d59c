# nginx.sh - a real nginx on loopback, for the tests that need one.
#
# Read with `.`, behind tap.sh.  The test has in $www the files to serve, one of
# them `probe` with what no other server has, and a command `has_probe BASE`,
# which gets that from BASE and compares it.
# shellcheck shell=sh disable=SC2154

nginx=$(command -v nginx || command -v /usr/sbin/nginx)

# start_nginx: sets $base and $nginx_pid.  nginx cannot be told to find a port,
# and tells nobody when it is ready: so some are tried, and asked for the probe.
start_nginx() {
	mkdir "$tmp/nginx"
	log=
	! "$nginx" -h 2>&1 | grep -q -e '-e filename' || log='-e stderr'
	deadline=$(($(date +%s) + 300))
	for try in 1 2 3 4 5; do
		port=$((10000 + ($$ * 7 + try * 1009) % 20000))
		base=http://127.0.0.1:$port
		cat >"$tmp/nginx/nginx.conf" <<END
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path client;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server { listen 127.0.0.1:$port; root "$www"; }
}
END
		# shellcheck disable=SC2086
		"$nginx" $log -p "$tmp/nginx" -c nginx.conf \
		    2>"$tmp/server.log" &
		nginx_pid=$!
		while kill -0 $nginx_pid 2>/dev/null &&
		    [ "$(date +%s)" -lt $deadline ]; do
			! has_probe "$base" 2>/dev/null || return 0
		done
		kill $nginx_pid 2>/dev/null
	done
	nginx_pid=
	return 1
}
