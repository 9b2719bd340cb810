"""The few words every area speaks: actor, act, event, transaction, decision, error, clock, id."""
