"""Lines that a callback prints."""

import logging

import keras


def say(message: str, verbose: bool | int) -> None:
    """Prints a line, or logs it where Keras logs."""
    if not verbose:
        return
    if keras.config.is_interactive_logging_enabled():
        print(message, flush=True)
    else:
        logging.getLogger("absl").info(message)
