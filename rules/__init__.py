"""Rules: documents in, events out.

    YAML ──▶ language ──▶ Rule ──▶ definitions ──▶ RuleSet, Plan ──▶ Engine ──▶ Raised ──▶ Stage ──▶ events for people
                                                                     ▲    │              (correlation)
                                        reports, ticks, registry ────┘    └──▶ snapshots
Pure:
  language/     `document.reading.parse_documents`, `load_documents` (and of rules alone `parse_rules`, `load_rules`),
                `document.checking.check_text`, `document.problems.BadRules`; `rule.Rule`
  schedule/     calendars and the sun: `activity.activity_of`
  engine/       `engine.Engine` judges the devices of one kind in one partition, `plans.RuleSet` holds its rules
  correlation/  `stage.Stage`: groups, suppression, flapping, silences
  testing/      `running.run_rule_test`
  explaining/   why an event was raised, and why there is none: `explain`, `why_not`
On the log:
  definitions/  `lifecycle`: `apply_documents`, `apply_rules`, `roll_back`, `set_mode`, `remove_rule`, `remove_calendar`;
                `table`: `read_definitions`, `read_table`; `silences`
  worker/       `worker.RulesWorker`, `correlator.Correlator`, and what they committed: `sums.read_rule_sums`,
                `health.read_health`
  backtest/     rules over the stored past: `run_backtest`
  service/      what the API and the command line call
`library/` holds rules to start from.
"""
