#!/usr/bin/env bash
# Puts the foreign systems on this machine that tests talk to: MariaDB, Dovecot, OpenSSH and the browser Chromium
# from Debian's packages, Tryton in a Python environment of its own (it is under the GPL: a separate process,
# never imported). What is there already is left alone; what cannot be had is named, and its tests skip.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v mariadbd >/dev/null || test -x /usr/sbin/mariadbd || missing+=(mariadb-server)
command -v dovecot >/dev/null || test -x /usr/sbin/dovecot || missing+=(dovecot-imapd)
test -x /usr/sbin/sshd || missing+=(openssh-server)
command -v chromium >/dev/null || missing+=(chromium)
if ((${#missing[@]})); then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]} for the tests of connectors and of the console"
        export DEBIAN_FRONTEND=noninteractive
        # The packages' own servers are not started: each test starts one of its own, on loopback.
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.bridgehead
        chmod +x /usr/sbin/policy-rc.d.bridgehead
        guard=0
        if [[ ! -e /usr/sbin/policy-rc.d ]]; then mv /usr/sbin/policy-rc.d.bridgehead /usr/sbin/policy-rc.d; guard=1; fi
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null || {
            echo "could not install ${missing[*]}; the tests that need them will say that they skip" >&2; }
        if ((guard)); then rm -f /usr/sbin/policy-rc.d; fi
        rm -f /usr/sbin/policy-rc.d.bridgehead
    else
        echo "not on this machine: ${missing[*]}; the tests that need them will say that they skip." >&2
        echo "  Install them as root: apt-get install ${missing[*]}" >&2
    fi
fi

tryton=.venv-tryton
wanted=tests/support/tryton.txt
if [[ -e $wanted && ! $tryton/.ready -nt $wanted ]]; then
    echo "installing Tryton into $tryton for the connector tests"
    .venv/bin/python -m venv "$tryton"
    "$tryton/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted" && touch "$tryton/.ready"
fi

moto=.venv-moto
wanted=tests/support/moto.txt
if [[ ! $moto/.ready -nt $wanted ]]; then
    echo "installing an S3-compatible server into $moto for the connector tests"
    .venv/bin/python -m venv "$moto"
    "$moto/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted" && touch "$moto/.ready"
fi
