# shellcheck shell=bash
#
# A minimal Debian 12, for tests/fresh_root and tests/image. Sourced after
# deploy/setup.sh, by scripts that run as root.

# Shows the end of a log without the names of the hosts in it.
show_end() { tail -n "$2" "$1" | sed -E 's#://[^/ ]+#://(host)#g; s/^/    /'; }

# Runs a part with its output in a log: logged LOG NAME COMMAND...
logged() {
  local log=$1 name=$2 started=$SECONDS
  shift 2
  say "$name"
  if "$@" >"$log" 2>&1 </dev/null; then
    show_end "$log" 15
    say "passed after $((SECONDS - started)) s"
    rm "$log"
  else
    show_end "$log" 100
    rm "$log"
    fail "$name failed after $((SECONDS - started)) s"
  fi
}

# make_minimal_root FOLDER: fills the folder, which is there and empty. The
# packages come from where this machine gets Debian's: its sources and download
# options are copied into the root.
make_minimal_root() {
  local root=$1 mirror file
  command -v debootstrap >/dev/null ||
    fail "debootstrap is missing; run: apt-get install debootstrap"
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | awk '$2 == "bookworm" && $3 == "main" { print $1; exit }')
  [ -n "$mirror" ] || fail "no source of Debian 12 (bookworm main) in /etc/apt"
  logged "$root.log" "Making a minimal Debian 12" \
    debootstrap --variant=minbase bookworm "$root" "$mirror"
  # mktemp made it for root alone; programs run as other users in there.
  chmod 755 "$root"
  for file in apt/sources.list apt/sources.list.d/debian.sources hosts resolv.conf; do
    rm -f "$root/etc/$file"
    [ ! -e "/etc/$file" ] || cp -L "/etc/$file" "$root/etc/$file"
  done
  apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90host"
}
