"""The repository's files and the form of a finding, for the checks beside it."""

import pathlib
import subprocess
import sys

CPP_SUFFIXES = (".h", ".cc")


def repository_files(root: pathlib.Path) -> list[str]:
    """Paths, relative to `root`, of all files that are tracked or could be.

    A new file counts before it is added, an ignored or deleted one does not.
    """
    # safe.directory: a clone may belong to another user than the one who tests.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted({path for path in listed.split("\0") if path and (root / path).is_file()})


def finding(path: str, line: int, message: str) -> str:
    """The form that editors and CI logs turn into a link."""
    return f"{path}:{line}: {message}"


def report(check: str, findings: list[str], looked_at: int) -> int:
    """Prints the findings and a closing line; returns the exit code."""
    for text in findings:
        print(text)
    print(f"{check}: {looked_at} files, {len(findings)} findings", file=sys.stderr)
    if looked_at == 0:
        print(f"{check}: found nothing to look at", file=sys.stderr)
    return 1 if findings or looked_at == 0 else 0
