"""Training set-up around the Trainer: callbacks, loggers, process settings."""
