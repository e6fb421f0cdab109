#!/bin/sh
# What cron starts: it has almost no environment, and starts in no useful folder. A line for it:
# 15 2 * * * /srv/app/examples/nightly/nightly.sh /srv/app/.venv/bin/evalhub /var/lib/evalhub
set -eu
evalhub=$1
EVALHUB_HOME=$2
export EVALHUB_HOME
cd "$(dirname "$0")"
exec "$evalhub" eval run suite.yaml
