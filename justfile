# The commands for working on pyship. `scripts/setup` installs the programs that they use.

set ignore-comments

export PATH := shell("scripts/setup --bin") + ":" + env("PATH")

# No check and no unit test runs the launcher that pyship embeds: any file stands in, and it need not be built.
no_launcher := "PYSHIP_STUB=" + quote(justfile_directory() / "Cargo.toml")
# Checks and tests use the dependencies that `cargo build --release` compiles, and do not optimize what is ours.
unoptimized := "--release --config " + quote(justfile_directory() / "tests/profile.toml")
manifests := "Cargo.toml fuzz/Cargo.toml"

# List the recipes
_default:
    @just --list --unsorted

# Run everything that CI runs: all checks and tests, side by side where they are independent
[group('everything')]
ci:
    @scripts/stages

# Run formatting, lints and unit tests: a few minutes
[group('everything')]
quick:
    @scripts/stages --quick

# Format the code
[group('checks')]
fmt:
    for manifest in {{manifests}}; do cargo fmt --all --manifest-path $manifest || exit; done

# Fail if `just fmt` would change something
[group('checks')]
fmt-check:
    cargo fmt --all --check
    cargo fmt --all --check --manifest-path fuzz/Cargo.toml

# Run clippy on the workspace and on the fuzz crate, fuzz targets included
[group('checks')]
lint:
    {{no_launcher}} cargo clippy {{unoptimized}} --workspace --all-targets --locked -- --deny warnings
    # Nothing is linked, so libFuzzer need not be compiled.
    {{no_launcher}} CUSTOM_LIBFUZZER_PATH=/nonexistent/libfuzzer.a CARGO_TARGET_DIR=target \
        cargo clippy {{unoptimized}} --manifest-path fuzz/Cargo.toml --all-targets --features tools,libfuzzer --locked -- --deny warnings

# Build the documentation; a broken link is an error
[group('checks')]
doc:
    {{no_launcher}} RUSTDOCFLAGS='--deny warnings --allow rustdoc::private_intra_doc_links' cargo doc {{unoptimized}} --workspace --no-deps --document-private-items --locked

# Check dependencies: licences, duplicates, sources; advisories too where their database can be fetched
[group('checks')]
deny:
    for manifest in {{manifests}}; do cargo deny --locked --manifest-path $manifest check bans licenses sources || exit; done
    @if cargo deny fetch db 2>/dev/null; then just advisories; else echo 'advisories: not checked: failed to fetch the database'; fi

# Check dependencies for known vulnerabilities; fails without a network
[group('checks')]
advisories:
    for manifest in {{manifests}}; do cargo deny --locked --manifest-path $manifest check advisories || exit; done

# Check that the oldest supported Rust compiles the workspace, where rustup has that version
[group('checks')]
msrv:
    #!/usr/bin/env bash
    set -euo pipefail
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if cargo "+$version" --version 2>/dev/null; then
        {{no_launcher}} CARGO_TARGET_DIR=target/msrv cargo "+$version" check --workspace --all-targets --locked
    else
        echo "msrv: not checked: run \`rustup toolchain install $version\` first"
    fi

# Run the unit tests; ARGS go to cargo test: `just unit -p pyship-launcher trailer`
[group('tests')]
unit *ARGS:
    {{no_launcher}} cargo test {{unoptimized}} --locked {{ if ARGS == "" { "--workspace --exclude pyship-tests" } else { ARGS } }}

# Test the start-up code on every Python at hand, without a packed file
[group('tests')]
startup *ARGS:
    {{no_launcher}} python3 tests/start/run.py {{ARGS}}

# Test what the benchmark computes, without measuring anything
[group('tests')]
bench-unit:
    python3 tests/bench/run.py

# Test what `just packages` makes of what it sees, without running a package
[group('tests')]
packages-unit:
    python3 tests/realworld/run.py

# Pack and run: the integration tests; ARGS go to cargo test: `just integration kills::`
[group('tests')]
integration *ARGS:
    cargo test {{unoptimized}} --package pyship-tests --locked {{ARGS}}

# Run CPython's own tests in a virtual environment and in a packed file, and compare; see --help
[group('tests')]
cpython *ARGS:
    @[ -n "${PYSHIP_BIN:-}" ] || cargo build --release --locked
    python3 tests/cpython/run.py {{ARGS}}

# Run programs of our own in a virtual environment and in a packed file, and compare; see --help
[group('tests')]
beside *ARGS:
    @[ -n "${PYSHIP_BIN:-}" ] || cargo build --release --locked
    python3 tests/beside/run.py {{ARGS}}

# Test the newest CPythons, in a root directory that has them: start-up, programs of our own, CPython's tests
[group('tests')]
newest:
    @[ -n "${PYSHIP_BIN:-}" ] || cargo build --release --locked
    tests/newest

# Use packages of the real world in a virtual environment and packed, and compare: the twelve of today; see --help
[group('tests')]
packages *ARGS='--dozen':
    @[ -n "${PYSHIP_BIN:-}" ] || cargo build --release --locked
    scripts/packages {{ARGS}}

# Let everything happen to one cache at once; see scripts/chaos --help
[group('tests')]
chaos *ARGS='--minutes 0.5':
    @[ -n "${PYSHIP_BIN:-}" ] || cargo build --release --locked
    scripts/chaos {{ARGS}}

# Run every fuzz target on a mutated corpus; see scripts/fuzz --help
[group('tests')]
fuzz *ARGS='--seconds 30':
    scripts/fuzz {{ARGS}}

# Write the seeds of the fuzz targets anew, after a change of a format
[group('tests')]
seeds:
    {{no_launcher}} CARGO_TARGET_DIR=target cargo run --release --locked \
        --manifest-path fuzz/Cargo.toml --features tools --bin seeds -- fuzz/corpus

# Build pyship, and copy it to $PYSHIP_BIN if that is set
[group('builds')]
build:
    cargo build --release --locked
    @[ -z "${PYSHIP_BIN:-}" ] || install -D target/release/pyship "$PYSHIP_BIN"

# Build a pyship that carries the launcher for aarch64, as $PYSHIP_BIN_AARCH64 or target/pyship-aarch64; not optimized
[group('builds')]
aarch64:
    scripts/build-stubs --fast --to "${PYSHIP_BIN_AARCH64:-target/pyship-aarch64}"

# Make every root directory that the integration tests run in; each of them is made when it is used otherwise
[group('builds')]
roots:
    for name in $(tests/tools/make-root --list); do tests/tools/make-root $name >/dev/null; done
    tests/tools/make-python-arm64 >/dev/null
