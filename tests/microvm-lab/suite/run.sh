#!/bin/bash
# Runs the suites of the smol backend's in the lab, each test in a process of its own. What is beside this:
#   suites     lines of USER SUITE TRIES: who runs it, and how often a test is tried
#   arguments  which tests, one word a line
#   done       lines of SUITE TEST: what has ended in an earlier boot
#   agents     programs of real agents, by the names of their providers
#   root       the folder below which tests look for what is in `checkout`
# After each test it prints: LAB-TEST SUITE TEST STATUS TRIES SECONDS
set -u
# The most seconds of one test; the first of an agent has its image imported.
limit=1500
lab-image /var/tmp/image.tar || exit 70
chmod 644 /var/tmp/image.tar
mapfile -t arguments </payload/arguments
root=$(</payload/root)
mkdir -p "$(dirname "$root")"
ln -s /payload/checkout "$root"
# An address that is not the loopback's, for attempts to aim at.
modprobe -q dummy && ip link add outer type dummy && ip address add 192.0.2.1/24 dev outer && ip link set outer up
export RUST_BACKTRACE=0 BOTTLE_TEST_SMOLVM=/usr/local/bin/smolvm BOTTLE_TEST_IMAGE=/var/tmp/image.tar \
    BOTTLE_TEST_BINARIES="$root/target/dist/$(uname -m)" BOTTLE_TEST_SLOW=1
# Makes the image with the agent that a test is named after; it is large.
image_for() {
    local program agent
    for program in /payload/agents/*; do
        agent=${program##*/}
        case $1 in *::"$agent"_*) ;; *) continue ;; esac
        [ -f "/var/tmp/$agent.tar" ] && continue
        lab-image "/var/tmp/$agent.tar" "$program" || exit 70
        chmod 644 "/var/tmp/$agent.tar"
    done
}
for agent in /payload/agents/*; do
    agent=${agent##*/}
    export "BOTTLE_TEST_IMAGE_${agent^^}=/var/tmp/$agent.tar"
done
while read -r user suite tries; do
    program="$root/target/debug/deps/$suite"
    home=$(mktemp -d "/var/tmp/$suite.XXXXXX")
    # The escape suite, as root, has somebody else run the command below it.
    chown "$user:" "$home"
    chmod 711 "$home"
    "$program" --list --format terse "${arguments[@]}" | sed -n 's/: test$//p' | while read -r name; do
        grep -qxF "$suite $name" /payload/done && continue
        image_for "$name"
        for ((try = 1; try <= tries; try++)); do
            begun=$SECONDS
            setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$home" TMPDIR="$home" \
                timeout -k 10 "$limit" "$program" --exact --nocapture "$name" </dev/null
            status=$?
            [ $status -eq 0 ] && break
        done
        echo "LAB-TEST $suite $name $status $((try > tries ? tries : try)) $((SECONDS - begun))"
    done
done </payload/suites
exit 0
