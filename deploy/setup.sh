# shellcheck shell=bash
#
# What deploy/quickstart and tests/run share: say what happens, install what is
# missing, build a preset. Sourced by bash scripts that `set -euo pipefail`.
#
# Sets MOSAIC_ROOT, the repository; the functions work from any directory.

MOSAIC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' RED='' PLAIN=''
fi

# Says what is done next.
say() { echo "${BOLD}==> $*${PLAIN}"; }

# Says what went wrong and ends the script.
fail() {
  echo "${RED}error:${PLAIN} $*" >&2
  exit 1
}

# What building and testing is started through, word by word; empty for nothing.
launcher=()

# How many jobs run at once: the CPUs this process may use.
jobs_at_once() { nproc; }

# Prints the packages of the given sections that are not installed.
missing_packages() {
  local wanted installed
  wanted=$("$MOSAIC_ROOT/deploy/packages" "$@") || return
  # dpkg-query fails if it does not know one of the names; the others are still
  # listed.
  # shellcheck disable=SC2086
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' \
    $wanted 2>/dev/null | awk '$1 == "installed" { print $2 }' || true)
  comm -23 <(sort -u <<<"$wanted") <(sort -u <<<"$installed")
}

# Installs what is missing of the given sections. Where nothing is missing it
# neither needs root nor touches the network.
install_packages() {
  local missing
  command -v dpkg-query >/dev/null ||
    fail "this script installs Debian 12 packages and finds no dpkg here." \
      "Install the packages of deploy/packages.txt by hand and build with CMake."
  missing=$(missing_packages "$@") || fail "cannot tell what is missing"
  if [ -z "$missing" ]; then
    say "Packages: all there"
    return
  fi
  # shellcheck disable=SC2086
  set -- $missing
  if [ "$(id -u)" -ne 0 ]; then
    fail "$# packages are missing. As root, run:" $'\n\n' \
      " apt-get update && apt-get install --no-install-recommends $*"
  fi
  say "Packages: installing $# that are missing"
  local apt=(apt-get -q -o Acquire::Retries=5 -o DPkg::Lock::Timeout=120)
  export DEBIAN_FRONTEND=noninteractive
  "${apt[@]}" update
  "${apt[@]}" install --yes --no-install-recommends "$@"
}

# build_preset PRESET [TARGET...]: configures where that is needed and builds.
# The build's output is shown whole: a failed build has to explain itself.
build_preset() {
  local preset=$1
  shift
  cd "$MOSAIC_ROOT" || return
  say "Configuring build/$preset"
  cmake --preset "$preset" >"$(configure_log "$preset")" 2>&1 || {
    cat "$(configure_log "$preset")"
    fail "CMake could not configure the preset '$preset'"
  }
  say "Building build/$preset"
  "${launcher[@]}" cmake --build --preset "$preset" --parallel "$(jobs_at_once)" \
    ${1:+--target "$@"}
}

# Where the output of configuring a preset is kept.
configure_log() {
  mkdir -p "$MOSAIC_ROOT/build"
  echo "$MOSAIC_ROOT/build/configure-$1.log"
}
