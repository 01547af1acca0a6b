#!/bin/bash
# Runs a suite of the smol backend's in the lab, as an ordinary user, since that is whom smolvm is made for.
# What is beside this: `suite`, its arguments in `arguments`, and the static programs in `programs`.
set -u
lab-image /var/tmp/image.tar || exit 70
chmod 644 /var/tmp/image.tar
mapfile -t arguments </payload/arguments
mkdir -m 700 /var/tmp/suite
chown 1000:1000 /var/tmp/suite
exec setpriv --reuid=1000 --regid=1000 --clear-groups env \
    HOME=/home/somebody TMPDIR=/var/tmp/suite RUST_BACKTRACE=0 \
    BOTTLE_TEST_SMOLVM=/usr/local/bin/smolvm BOTTLE_TEST_IMAGE=/var/tmp/image.tar \
    BOTTLE_TEST_BINARIES=/payload/programs BOTTLE_SKIP_LOG=/results/skips.log \
    /payload/suite "${arguments[@]}"
