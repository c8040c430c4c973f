"""The log on Apache Kafka 4: what `kafka://` in URBANSENSE_LOG_URL means."""
