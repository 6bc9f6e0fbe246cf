# Keeps one server of one test process. Its standard input is a pipe that the test process holds:
# lines on it are orders, and its end means that the test process is gone, whatever ended it.
# Arguments: the server's folder, the signal that stops the server at once, the server's command line.
folder=$1
signal=$2
shift 2
server=

start() {
    "$@" </dev/null >>"$folder/log" 2>&1 &
    server=$!
    echo "$server" >"$folder/pid.new"
    mv "$folder/pid.new" "$folder/pid"
}

stop() {
    [ -n "$server" ] || return 0
    kill "-$signal" "$server" 2>/dev/null
    { sleep 10; kill -KILL "$server" 2>/dev/null; } &
    killer=$!
    wait "$server"
    kill "$killer" 2>/dev/null
    server=
    rm -f "$folder/pid"
}

trap '' HUP INT TERM
while read -r order; do
    case $order in
    start) start "$@" ;;
    stop) stop ;;
    esac
done
stop
rm -rf "$folder"
# Whoever still wrote into the folder (an initdb that lost its parent) fails by now.
[ ! -e "$folder" ] || { sleep 1; rm -rf "$folder"; }
