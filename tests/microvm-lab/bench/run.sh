#!/bin/bash
# Measures in the lab what a bottle adds to a machine: starts and commands, beside smolvm's own with the same image.
# What is beside this: `bottle` and the static programs in `programs`, and the number of pairs in `rounds`.
# Leaves one line a sample in /results/samples: KIND WAY MILLISECONDS.
set -u
lab-image /var/tmp/image.tar || exit 70
chmod 644 /var/tmp/image.tar
home=/home/somebody
export BOT_BOTTLE_HOME=$home/bottles
mkdir -p "$BOT_BOTTLE_HOME"/{bottles,agents,images} "$home/work"
printf -- '---\nagent_provider: {template: demo}\nsupervise: false\n---\n' >"$BOT_BOTTLE_HOME/bottles/one.md"
printf -- '---\nbottle: one\n---\nYou are a bench.\n' >"$BOT_BOTTLE_HOME/agents/tester.md"
ln -s /var/tmp/image.tar "$BOT_BOTTLE_HOME/images/demo.tar"
chown -R somebody: "$home"
cat >/var/tmp/measure <<'M'
set -u
cd ~/work
now() { date +%s%N; }
sample() { echo "$1 $2 $((($(now) - $3) / 1000000))" | tee -a /results/samples; }
bottle() { /payload/programs/bottle "$@" </dev/null; }
bare() { smolvm machine "$@" >/dev/null 2>/var/tmp/said </dev/null || { cat /var/tmp/said; exit 1; }; }
start_bare() {
    bare create --name bare --image /var/tmp/image.tar
    bare start --name bare
    bare exec --name bare -- true
}
start_bottle() {
    bottle start tester --backend smol --yes --label ours --headless --prompt 'run: echo begun; exec sleep 3600' \
        >/var/tmp/ours 2>&1 &
    until grep -q '^begun' /var/tmp/ours; do
        kill -0 $! 2>/dev/null || { cat /var/tmp/ours; exit 1; }
        sleep 0.05
    done
}
end_bottle() { bottle stop --discard ours >/dev/null 2>&1; wait; }
# The first of each unpacks the image, which is measured for neither.
start_bare; bare delete --name bare --force
for ((round = 0; round < $(</payload/rounds); round++)); do
    begun=$(now); start_bare; sample start bare "$begun"
    for _ in 1 2 3; do begun=$(now); bare exec --name bare -- true; sample exec bare "$begun"; done
    bare delete --name bare --force
    begun=$(now); start_bottle; sample start bottle "$begun"
    for _ in 1 2 3; do begun=$(now); bottle exec ours -- true >/dev/null; sample exec bottle "$begun"; done
    end_bottle
done
M
exec setpriv --reuid=1000 --regid=1000 --clear-groups env HOME="$home" bash /var/tmp/measure
