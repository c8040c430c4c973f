"""The cases as everybody else uses them: the store, the policy, the calendar, the photos, and what they answer with."""
