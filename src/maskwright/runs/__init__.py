"""The stages of one run: data check, masks, training, evaluation and report, in a run folder."""
