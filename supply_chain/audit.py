"""`make audit`: pip-audit over the lock, and an honest word where its database does not answer.

pip-audit takes a database that knows nothing for one that finds nothing: it skips each distribution, prints "No known
vulnerabilities found" and ends with 0. So it is first asked about a version that is known to be bad.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from supply_chain.locked import EVERYTHING

CLEAN, VULNERABLE, UNANSWERED = 0, 1, 3
"""Exit codes. CI fails on VULNERABLE only, and prints the other statements."""
KNOWN_BAD: Final = "jinja2==2.10"
"""CVE-2019-10906 is of 2019: whoever does not know it knows nothing."""


class Verdict(NamedTuple):
    """What an audit came to, and its statement."""

    exit_code: int
    lines: Sequence[str]


def judge(canary: Mapping[str, Any] | None, report: Mapping[str, Any] | None) -> Verdict:
    """The verdict on pip-audit's reports on KNOWN_BAD and on the lock; None where it wrote none."""
    if not _findings(canary):
        return Verdict(
            UNANSWERED, [f"the database did not answer ({KNOWN_BAD} is not known to be bad): nothing was audited"]
        )
    if report is None:
        return Verdict(UNANSWERED, ["the database stopped answering: nothing was audited"])
    dependencies = report["dependencies"]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    audited = len(dependencies) - len(skipped)
    findings = _findings(report)
    lines = [f"{audited} of {len(dependencies)} distributions were audited, {len(findings)} vulnerabilities found"]
    lines += findings
    if skipped:
        lines.append(f"the database did not answer about {len(skipped)}: {', '.join(sorted(skipped))}")
    if findings:
        return Verdict(VULNERABLE, lines)
    return Verdict(UNANSWERED if skipped or not dependencies else CLEAN, lines)


def _findings(report: Mapping[str, Any] | None) -> list[str]:
    return [
        f"{one['name']} {one['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no version yet'}"
        for one in (report or {}).get("dependencies", ())
        for found in one.get("vulns", ())
    ]


def _asked(requirements: Path, *options: str) -> Mapping[str, Any] | None:
    """pip-audit's report on a file; None where it ended without one."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--disable-pip", *options]
        command += ["--format", "json", "--output", str(report), "--progress-spinner", "off"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if not report.is_file():
            last = (done.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1]
            print(f"pip-audit: {last[:200]}", file=sys.stderr)
            return None
        found: Mapping[str, Any] = json.loads(report.read_bytes())
        return found


def main() -> int:
    """Audit the lock, print the verdict."""
    with tempfile.TemporaryDirectory() as folder:
        bad = Path(folder) / "known-bad.txt"
        bad.write_text(f"{KNOWN_BAD}\n")
        canary = _asked(bad, "--no-deps")
    report = _asked(EVERYTHING, "--require-hashes") if _findings(canary) else None
    verdict = judge(canary, report)
    print("\n".join(f"audit: {line}" for line in verdict.lines))
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
