"""Rules: documents in, events out.

    documents, conditions ──▶ Rule ──▶ RuleSet, Plan ──▶ Lane (engine) ──▶ Raised
                                                          ▲    │
                             reports, ticks, registry ────┘    └──▶ snapshots
Pure: `documents.parse_rules`, `documents.load_rules`, `problems.BadRules`, `engine.lane.Lane`, `testing.run_rule_test`.
On the log: `worker.RulesWorker`, `correlator.Correlator`, `definitions.apply_rules`, `remove_rule`, `read_definitions`,
`read_table`, `sums.read_rule_sums`, `rules_group`; `health.RuleHealth` is what a worker tells about its rules.
`rules/library/` holds rules to start from.
"""
