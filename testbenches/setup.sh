#!/usr/bin/env bash
# Installs what `make test` needs and the machine lacks: Debian packages (as root, or with sudo where it asks for no
# password), and a Python environment under target/ for the independent oracle. Where it may not install, it names what
# to install. With the argument `demo`, only what `make demo` can use: no data set, no Python, and of the simulators
# Verilator alone, without which the demo runs too, unconfirmed. What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'error[setup]: %s\n  = help: %s\n' "$1" "$2" >&2
    exit 2
}

command -v cargo >/dev/null || fail "cargo is not installed" "install Rust from https://rustup.rs"

what=${1:-all}
tools=(verilator g++)
[ "$what" = demo ] || tools+=(make iverilog)

# Why packages cannot be installed here, and what the user can do.
refuse() {
    [ "$what" != demo ] || { printf 'note: the demo runs without %s; to have Verilator confirm it, %s\n' "${missing[*]}" "$1" >&2; exit 0; }
    fail "missing: ${missing[*]}" "$1"
}

missing=()
for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ "$what" != demo ]; then
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ -d /usr/share/datasets/fashion-mnist ] || missing+=(dataset-fashion-mnist)
    # Verilator compresses the waves that it writes.
    [ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
fi

if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || refuse "install these Debian packages, or what your system calls them"
    if [ "$(id -u)" = 0 ]; then
        as_root=()
    elif sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        refuse "run: sudo apt-get install ${missing[*]}"
    fi
    echo "installing ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq
    # sudo hands no variables on: they are set behind it.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi

[ "$what" != demo ] || exit 0

requirements=testbenches/requirements.txt
venv=target/venv
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    echo "making $venv" >&2
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/requirements.txt"
fi
