"""Builds programs against the library as a user does, with cc and the line that
pkg-config gives, and runs them."""

import os
import pathlib
import subprocess


def flags(pkg_config_path, *words: str) -> list[str]:
    """What `pkg-config WORDS mosaic-mos` says."""
    environment = {**os.environ, "PKG_CONFIG_PATH": str(pkg_config_path)}
    run = subprocess.run(["pkg-config", *words, "mosaic-mos"], env=environment,
                         capture_output=True, text=True, timeout=30, check=True)
    return run.stdout.split()


def build(source, program, pkg_config_path, compiler: str = "cc", more=()):
    """`cc SOURCE $(pkg-config --cflags --libs mosaic-mos)`, without a warning."""
    command = [compiler, "-Wall", "-Wextra", "-pedantic", "-Werror", *more, "-o", str(program),
               str(source), *flags(pkg_config_path, "--cflags", "--libs")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{run.stdout}{run.stderr}")


def write_conf(path: pathlib.Path, netdevs: list[tuple[str, str]], forward=(), more: str = ""):
    """A mos.conf with one worker: (name, device) pairs, and pairs of names."""
    rows = "\n".join(f"    {name} 0x1 {device}" for name, device in netdevs)
    table = "\n".join(f"    {a} {b}" for a, b in forward)
    path.write_text(f"mos {{\n  netdev {{\n{rows}\n  }}\n"
                    f"  nic_forward_table {{\n{table}\n  }}\n{more}\n}}\n")


def run(program, *arguments, folder, expect: int = 0) -> subprocess.CompletedProcess:
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False, cwd=folder, stdin=subprocess.DEVNULL)
    if done.returncode != expect:
        raise AssertionError(f"{program} ended with {done.returncode}, not {expect}\n"
                             f"{done.stdout}{done.stderr}")
    return done
