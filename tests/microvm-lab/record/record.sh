#!/bin/bash
# Writes down what the real smolvm says, for the unit tests of its client: one file per call.
# use: record.sh FOLDER PART...
# The part `calls` runs no machine and can be recorded wherever smolvm is installed; `forbidden` needs a /dev/kvm that
# its user may not open, `machine` one that works.
folder=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 70

# record NAME ARGUMENTS...: calls smolvm, and writes down how it ended and what it said.
record() {
    local name=$1 began ended status
    shift
    began=$(date +%s%N)
    timeout 600 smolvm "$@" >out 2>err
    status=$?
    ended=$(date +%s%N)
    {
        printf '$ smolvm'
        printf ' %s' "$@"
        printf '\nstatus %s\n--- stdout\n' "$status"
        cat out
        printf '%s\n' '--- stderr'
        cat err
    } >"$folder/$name.txt"
    printf '%-28s status %3s %6s ms\n' "$name" "$status" $(((ended - began) / 1000000))
}

# machine NAME VERB ARGUMENTS...: as the client calls it.
machine() {
    local name=$1 verb=$2
    shift 2
    record "$name" machine "$verb" --error-format json "$@"
}

# run NAME ARGUMENTS...: a command in the machine.
run() {
    local name=$1
    shift
    machine "$name" exec --name one "$@"
}

# create NAME: the machine as a bottle's is.
create() {
    machine "$1" create --name one --image ./image.tar --cpus 1 --mem 512 --user 64001:64001 \
        --label bottle.identity=one --label 'bottle.note=a b=c' \
        --mount-socket "$work/egress.sock:/run/bottle/egress.sock" \
        -- /bin/sh -c 'while :; do sleep 1000; done'
}

calls() {
    record version --version
    machine ls-empty ls --json
    machine start-unknown start --name one
    machine exec-unknown exec --name one -- true
    machine stop-unknown stop --name one
    machine delete-unknown delete --force --name one
    machine create-no-file create --name one --image ./missing.tar
    machine create-bad-option create --name one --no-such-option
    machine create-bad-name create --name a--b --image ./image.tar
    create create
    machine create-again create --name one --image ./image.tar
    machine exec-created exec --name one -- true
    machine ls-created ls --json
    machine stop-created stop --name one
    machine delete delete --force --name one
    machine ls-deleted ls --json
}

forbidden() {
    create create-to-forbid
    machine start-forbidden start --name one
    machine ls-forbidden ls --json
    machine delete-forbidden delete --force --name one
}

machine_part() {
    socat UNIX-LISTEN:egress.sock,fork,mode=600 EXEC:'echo hello' >/dev/null 2>&1 &
    local server=$!
    create create-to-run
    machine start start --name one
    run exec-status --user 1000:1000 -- sh -c 'echo out; echo err >&2; exit 42'
    run exec-killed --user 1000:1000 -- sh -c 'kill -9 $$'
    machine ls-running ls --json
    run exec-network --user 0:0 -- sh -c 'cat /proc/net/dev /proc/net/route; ls -ln /run/bottle; ps'
    machine start-again start --name one
    run exec-not-found --user 1000:1000 -- /no/such/program
    run exec-late --user 1000:1000 --timeout 2s -- sleep 100
    run exec-255 --user 1000:1000 -- sh -c 'exit 255'
    run exec-no-directory --user 1000:1000 --workdir /no/such -- true
    run exec-id --user 1000:1000 --workdir /tmp --env A=b -- sh -c 'id; pwd; env | sort'
    SECRET=value run exec-secret --user 1000:1000 --secret-env TOKEN=SECRET -- sh -c 'echo "$TOKEN"'
    run exec-mounts --user 0:0 -- cat /proc/self/mountinfo
    machine stop stop --name one
    machine stop-again stop --name one
    machine exec-stopped exec --name one --user 1000:1000 -- true
    machine ls-stopped ls --json
    machine delete-stopped delete --force --name one
    printf 'not an image' >text.tar
    machine create-no-image create --name two --image ./text.tar
    machine start-no-image start --name two
    machine delete-no-image delete --force --name two
    kill $server
}

lab-image image.tar || exit 70
for part; do
    case $part in
        calls | forbidden) "$part" ;;
        machine) machine_part ;;
        *) exit 64 ;;
    esac
done
