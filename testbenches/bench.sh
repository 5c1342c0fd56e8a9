#!/usr/bin/env bash
# Runs all benchmarks, PyTorch's where it is installed, and writes docs/benchmarks.md. PyTorch is looked for in
# $NASA_PYTHON, in the Python environment under target/, and in the `python3` of the path.
set -euo pipefail
cd "$(dirname "$0")/.."

# Figures of an earlier run must not pass for this one's.
rm -rf target/criterion target/benchmarks/*.json
cargo bench --workspace --bench generate --bench reference --bench evaluate --bench mapping --bench training --bench simulate --bench native

for python in "${NASA_PYTHON:-}" target/venv/bin/python python3; do
    if [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null; then
        "$python" sw/nas/benches/pytorch.py
        break
    fi
done
[ -f target/benchmarks/pytorch.json ] || echo 'PyTorch is not installed: skipped (set NASA_PYTHON)' >&2

cargo bench --quiet --workspace --bench collect
