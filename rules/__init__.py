"""Rules: documents in, events out.

    documents, conditions ──▶ Rule ──▶ RuleSet, Plan ──▶ Lane (engine) ──▶ Raised
                                                          ▲    │
                             reports, ticks, registry ────┘    └──▶ snapshots
Pure: `documents.parse_documents`, `load_documents` (and of rules alone `parse_rules`, `load_rules`), `checking.check_text`,
`problems.BadRules`, `activity.activity_of`, `engine.lane.Lane`, `testing.run_rule_test`.
On the log: `worker.RulesWorker`, `correlator.Correlator`; `definitions`: `apply_documents`, `apply_rules`, `roll_back`,
`set_mode`, `remove_rule`, `remove_calendar`, `read_definitions`, `read_table`; `silences`; `sums.read_rule_sums`,
`rules_group`; `health.read_health`, and `health.RuleHealth`, what a worker tells about its rules.
`rules/library/` holds rules to start from.
"""
