"""What a training run needs around the Trainer: callbacks, loggers, process set-up."""
