"""What others ask of the rules: in force and their life, silences, shadow events, backtests and reasons."""
