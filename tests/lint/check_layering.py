#!/usr/bin/env python3
"""Fails where an #include points against the arrows between the folders.

usage: check_layering.py REPOSITORY

ARROWS says which folder may include which; BORDERS says where a foreign library
may be seen. Both are the whole rule: a folder that has no row is an error, so a
new folder decides its place when it is made.
"""

import pathlib
import re
import sys

import source_tree

BASE = "dataplane/base"
STAGES = ["dataplane/io", "dataplane/parse", "dataplane/filter", "dataplane/stream",
          "dataplane/tcp", "dataplane/flow", "dataplane/api", "dataplane/policy",
          "dataplane/stats", "dataplane/edit", "dataplane/event", "dataplane/command"]
CONTROL = [BASE, "dataplane/api", "dataplane/command", "dataplane/filter",
           "dataplane/policy", "dataplane/stats", "control", "proto"]

# Folder or file: what it may include besides itself. The longest row that a path
# begins with counts; a name in the list stands for everything below it.
ARROWS = {
    BASE: [],
    "dataplane/io": [BASE],
    # Fragments are put together on the buffer of streams.
    "dataplane/parse": ["dataplane/stream", BASE],
    "dataplane/filter": [BASE],
    "dataplane/stream": [BASE],
    "dataplane/tcp": ["dataplane/parse", "dataplane/stream", BASE],
    # A flow record holds what the API shows of it, and is found by what was parsed.
    "dataplane/flow": ["dataplane/tcp", "dataplane/parse", "dataplane/stream", "dataplane/api",
                       BASE],
    # Network functions choose the policy of a flow by the name that stream/ gives it.
    "dataplane/api": [BASE, "dataplane/stream/overlap_policy.h"],
    # Editing reads what it wrote as a receiver would.
    "dataplane/edit": ["dataplane/parse", "dataplane/api", BASE],
    "dataplane/policy": ["dataplane/filter", "dataplane/stream", "dataplane/api", BASE],
    "dataplane/stats": [BASE],
    # A packet's view edits it.
    "dataplane/event": ["dataplane/api", "dataplane/edit", "dataplane/policy", "dataplane/flow",
                        "dataplane/parse", "dataplane/stream", "dataplane/stats", BASE],
    # A flow's summary tells what its streams hold.
    "dataplane/command": ["dataplane/event", "dataplane/flow", "dataplane/policy",
                          "dataplane/stats", "dataplane/stream", "dataplane/api", BASE],
    "dataplane/engine": [*STAGES, BASE],
    # The composition root of programs that bring their own main(): it builds the
    # engine and puts the C API on top of it.
    "dataplane/mos": [*STAGES, "dataplane/engine", BASE],
    # Every network function: what NFs may see, never another one. The registry
    # beside them names them all.
    "nf/*": ["dataplane/api", BASE],
    "nf": ["nf", "dataplane/api", BASE],
    "proto": [],
    "control": CONTROL,
    # What a port's device is called is part of a configuration.
    "control/config": [*CONTROL, "dataplane/io/device_spec.h", "dataplane/io/port_config.h"],
    # The composition roots build and wire the whole.
    # The typed configuration of each function is built from the API's message here.
    "control/core": [*CONTROL, "dataplane/engine/engine.h", "dataplane/parse", "nf"],
    # It composes what control/core needs around the engine.
    "control/rpc": [*CONTROL, "dataplane/engine/engine.h"],
    # Reads what each part counts.
    "control/metrics": [*CONTROL, "dataplane/engine", "dataplane/io"],
    "control/main.cc": [*CONTROL, "dataplane", "nf/registry.h"],
    "control/replay": [*CONTROL, "dataplane/engine", "dataplane/io", "nf/registry.h"],
    "control/daemon": [*CONTROL, "dataplane/engine", "dataplane/io", "dataplane/flow",
                       "nf/registry.h"],
}

# What an #include of a foreign library looks like, and the paths that may have
# one. Everything else is unlimited: the standard library, Abseil, xxhash.
BORDERS = [
    ("DPDK", re.compile(r"rte_|cmdline|bus_.*_driver"),
     [r"dataplane/io/", r"dataplane/filter/[^/]+\.cc$"]),
    ("libpcap", re.compile(r"pcap"),
     [r"dataplane/io/", r"dataplane/filter/[^/]+\.cc$"]),
    ("protobuf", re.compile(r"google/protobuf|mosaic/v1/|.*\.pb\.h$"), [r"control/", r"proto/"]),
    ("gRPC", re.compile(r"grpc"), [r"control/", r"proto/"]),
    ("Prometheus", re.compile(r"prometheus/"), [r"control/metrics/"]),
    ("civetweb", re.compile(r"civetweb|CivetServer"), [r"control/metrics/[^/]+\.cc$"]),
    ("yaml-cpp", re.compile(r"yaml-cpp/"), [r"control/config/"]),
    ("the command line", re.compile(r"CLI/"), [r"control/"]),
    ("the log", re.compile(r"spdlog/"), [r"control/"]),
]

# Tests and benches stand outside: they reach into every folder.
CHECKED_FOLDERS = ("dataplane/", "control/", "nf/", "proto/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def row_of(path: str, arrows: dict[str, list[str]]) -> str | None:
    """The longest row of `arrows` that `path` lies under, or None."""
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in arrows:
            return prefix
        # A `*` stands for one folder.
        wildcard = "/".join([*parts[:length - 1], "*"])
        if wildcard in arrows and length < len(parts):
            return prefix
    return None


def allowed_from(row: str, arrows: dict[str, list[str]]) -> list[str]:
    """What a file under `row`, as row_of() returned it, may include."""
    if row in arrows:
        return arrows[row]
    return arrows[row.rsplit("/", 1)[0] + "/*"]


def is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


def may_include(path: str, row: str, target: str, arrows: dict[str, list[str]]) -> bool:
    own_folder = path.rsplit("/", 1)[0]
    if target.rsplit("/", 1)[0] == own_folder:
        return True
    if row_of(target, arrows) == row:
        return True
    return any(is_under(target, prefix) for prefix in allowed_from(row, arrows))


def check_file(path: str, text: str, arrows=None, borders=None) -> list[str]:
    """The findings of one file: `path` relative to the repository, its `text`."""
    arrows = ARROWS if arrows is None else arrows
    borders = BORDERS if borders is None else borders
    row = row_of(path, arrows)
    if row is None:
        return [source_tree.finding(
            path, 1, "its folder has no row in ARROWS of tests/lint/check_layering.py")]
    findings = []
    for number, line in enumerate(text.splitlines(), start=1):
        include = INCLUDE.match(line)
        if not include:
            continue
        quote, target = include.groups()
        if quote == '"' and "/" not in target:
            findings.append(source_tree.finding(
                path, number, f"{target} is not named by its path from the repository's root"))
            continue
        if target.startswith(CHECKED_FOLDERS) or target.startswith("tests/"):
            if not may_include(path, row, target, arrows):
                allowed = ", ".join(allowed_from(row, arrows)) or "nothing but itself"
                findings.append(source_tree.finding(
                    path, number, f"{row} may not include {target}; it may include {allowed}"))
            continue
        for library, pattern, homes in borders:
            if pattern.match(target) and not any(re.match(home, path) for home in homes):
                findings.append(source_tree.finding(
                    path, number, f"{library} ({target}) may not be seen here; "
                    f"its border is {' and '.join(home.rstrip('$') for home in homes)}"))
    return findings


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(sys.argv[1])
    paths = [path for path in source_tree.repository_files(root)
             if path.startswith(CHECKED_FOLDERS) and path.endswith(source_tree.CPP_SUFFIXES)]
    findings = []
    for path in paths:
        findings += check_file(path, (root / path).read_text())
    return source_tree.report("check_layering", findings, len(paths))


if __name__ == "__main__":
    sys.exit(main())
