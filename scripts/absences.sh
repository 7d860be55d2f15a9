#!/usr/bin/env bash
# Proves what ARCHITECTURE.md says is absent, by the dependency graph and by the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

# $1 package, $2 features, $3 a crate that must not be in its graph
absent() {
  local graph
  graph=$(cargo tree --locked -e normal -p "$1" --no-default-features --features "$2" --prefix none)
  if grep -Eq "^$3 v" <<<"$graph"; then
    echo "$1 (features: ${2:-none}) depends on $3"
    failed=1
  fi
}

# $1 a pattern, $2 where it may not stand, $3... where it may
only_in() {
  local pattern=$1 where=$2
  shift 2
  local exclude=()
  for allowed in "$@"; do exclude+=(":!$allowed"); done
  if git grep -nE "$pattern" -- "$where" "${exclude[@]}"; then
    echo "only $* may name $pattern"
    failed=1
  fi
}

absent starloom-comms net 'burn[a-z-]*'
absent starloom-aggregator '' 'burn[a-z-]*'
for crate in tokio tonic prost hyper rustls; do absent starloom-comms '' "$crate"; done
for crate in openssl-sys aws-lc-sys; do absent starloom '' "$crate"; done
only_in '\b(tonic|prost|hyper|rustls)::' 'comms/src/*.rs' 'comms/src/net/**'
only_in '\btokio::' 'comms/src/*.rs' 'comms/src/net/**'
only_in '\bburn::' '*.rs' 'trainer/**' 'examples/**' 'benches/**' 'tests/**'
only_in 'Instant::now|SystemTime::now|Timestamp::now' 'comms/src/*.rs' 'comms/src/net/**'
only_in '\bunsafe (\{|fn|impl|extern)|(allow|expect)\(unsafe_code' '*.rs' 'comms/src/codec/simd_x86.rs' 'comms/src/codec/mod.rs'

if [ "$failed" -eq 0 ]; then echo "all absences hold"; fi
exit "$failed"
