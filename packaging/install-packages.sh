#!/bin/sh
# Installs the packages of the named sets (build, test) that are missing, in one apt-get line.
#
# A package that is installed in any version is left alone, and so is one whose command is here from
# elsewhere (npm comes with a vendor's nodejs, which Debian's npm would throw out). With nothing
# missing, nothing is run, so that a prepared machine needs neither network nor privileges.
set -eu

list=$(dirname "$0")/debian-packages.txt

installed() {
    [ "$1" = npm ] && command -v npm >/dev/null && return
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

offered() {
    apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

# Prints the choices of $1 (`a|b`) on one line when none of them is installed.
lacking() {
    for package in $(echo "$1" | tr '|' ' '); do
        if installed "$package"; then
            return
        fi
    done
    echo "$1"
}

# Prints the package that is to be installed for the choices of $1.
choose() {
    for package in $(echo "$1" | tr '|' ' '); do
        if offered "$package"; then
            echo "$package"
            return
        fi
    done
    echo "${1%%|*}"
}

wanted=
for set in "$@"; do
    wanted="$wanted $(sed -n "s/^$set: //p" "$list")"
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is no Debian system, so nothing is installed. What is needed, by its Debian names:" >&2
    echo " $wanted" >&2
    exit 0
fi

missing=
for choices in $wanted; do
    choices=$(lacking "$choices")
    missing="$missing${choices:+ $choices}"
done
if [ -z "$missing" ]; then
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Packages are missing, and installing them needs root or sudo. As root, run:" >&2
        echo "  apt-get install --no-install-recommends$(echo "$missing" | sed 's/|[^ ]*//g')" >&2
        exit 1
    fi
    as_root=sudo
fi

# Without a network the lists that are there may do.
$as_root apt-get update -q || echo "apt-get update failed: trying with the lists at hand." >&2
packages=
for choices in $missing; do
    packages="$packages $(choose "$choices")"
done
echo "Installing:$packages"
# The list is split into words on purpose.
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
