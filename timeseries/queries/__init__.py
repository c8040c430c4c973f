"""What is asked of a store and what it answers: samples, readings, events, their pages, reports put together again."""
