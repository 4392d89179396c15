#!/usr/bin/env python3
"""Prometheus's configuration and alerts, as promtool judges them.

usage: rules_test.py REPOSITORY [unittest's options]
"""

import pathlib
import re
import subprocess
import sys
import unittest

FOLDER: pathlib.Path

# The longest that promtool may take, in seconds.
PATIENCE = 60


def promtool(*arguments: str) -> str:
    """What promtool prints; an error if it finds fault."""
    result = subprocess.run(["promtool", *arguments], cwd=FOLDER, text=True, timeout=PATIENCE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        raise AssertionError(f"promtool {' '.join(arguments)}:\n{result.stdout}")
    return result.stdout


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", (FOLDER / "rules.yml").read_text())


class RulesTest(unittest.TestCase):
    def test_the_configuration_is_valid_and_names_the_rules(self):
        self.assertIn("1 rule files found", promtool("check", "config", "prometheus.yml"))

    def test_each_alert_fires_on_its_cause_and_is_silent_beside_it(self):
        self.assertIn("SUCCESS", promtool("test", "rules", "rules_test.yml"))
        tests = (FOLDER / "rules_test.yml").read_text()
        for alert in alerts():
            self.assertIn(f"name: {alert} fires", tests)
            self.assertIn(f"name: {alert} is silent", tests)

    def test_each_alert_has_a_line_in_the_runbook_and_links_to_it(self):
        runbook = (FOLDER / "README.md").read_text()
        rules = (FOLDER / "rules.yml").read_text()
        self.assertGreaterEqual(len(alerts()), 11)
        for alert in alerts():
            self.assertRegex(runbook, rf"(?m)^### {alert}\n\S")
            self.assertIn(f"runbook: deploy/prometheus/README.md#{alert.lower()}", rules)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    FOLDER = pathlib.Path(sys.argv.pop(1)) / "deploy" / "prometheus"
    unittest.main(verbosity=2)
