# One verb a task; `make help` lists them. Everything is built with cargo's `test` profile, so that tests, demo
# and generated files share one build.

CONFIGS := $(patsubst hw/configs/%.yaml,%,$(wildcard hw/configs/*.yaml))
NASA    := cargo run --quiet --profile test -p nasa-cli --

# What tests need and users mostly do not.
FEATURES := --features nasa-testbenches/rust-hdl

# Built simulators are kept here, shared by tests and demo.
export NASA_CACHE ?= $(CURDIR)/target/models

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench rtl bless fuzz

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## installs what is missing (Debian packages, a Python environment under target/)
	@testbenches/setup.sh

demo: ## a trained network on a generated accelerator, sixteen images at once: RTL = reference, bit for bit
	@testbenches/setup.sh demo
	$(NASA) run testbenches/demo.yaml

test: setup check ## everything that CI runs

check: ## formatter, lints, layering, generated files, tests; the simulator without machine code, the program without training and with a GPU too
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets $(FEATURES) --profile test -- -D warnings
	cargo clippy --quiet -p nasa-sim --no-default-features --all-targets --profile test -- -D warnings
	cargo clippy --quiet -p nasa-cli --no-default-features --profile test -- -D warnings
	cargo clippy --quiet -p nasa-nas -p nasa-cli --features nasa-cli/gpu --all-targets --profile test -- -D warnings
	NETLISTS=20 cargo test --quiet -p nasa-sim --lib --no-default-features
	cargo test --quiet -p nasa-nas --features gpu --test kernels gpu -- --nocapture
	cargo test --quiet --workspace $(FEATURES)

bench: setup ## measures speed against the targets and writes docs/benchmarks.md
	@testbenches/bench.sh

rtl: ## writes the Verilog of every configuration to rtl-out/
	@for config in $(CONFIGS); do \
		$(NASA) generate -c hw/configs/$$config.yaml -o rtl-out/$$config || exit $$?; \
	done

bless: ## rewrites the golden files (messages, docs, rtl-out/tiny); read `git diff` before committing
	BLESS=1 cargo test --quiet --workspace

fuzz: setup ## random netlists in all engines, random networks and mappings on random accelerators; NETLISTS=20000 NETWORKS=320 MAPPINGS=2000 SEED=1
	cargo run --quiet --profile test -p nasa-testbenches --example netlists -- $(or $(NETLISTS),20000) $(or $(SEED),1)
	cargo run --quiet --profile test -p nasa-testbenches --example fuzz -- $(or $(NETWORKS),320) $(or $(SEED),1)
	cargo run --quiet --profile test -p nasa-testbenches --example mappings -- $(or $(MAPPINGS),2000) $(or $(SEED),1)
