"""The command line. Each command is a small file; what it needs is imported when it runs."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line: one clear sentence for errors, the exit codes of the documentation."""
    from bridle.cli.app import app
    from bridle.cli.console import complain
    from bridle.errors import BridleError, HarnessFault, UsageError

    try:
        app(standalone_mode=True, prog_name="bridle")
    except UsageError as error:
        complain(str(error))
        sys.exit(2)
    except HarnessFault as error:
        complain(f"The harness can't be loaded, and nothing of it was run: {error.failure.message}")
        sys.exit(1)
    except BridleError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        complain("Interrupted.")
        sys.exit(130)
    except Exception as error:
        from bridle.cli.theirs import theirs

        sentence = theirs(error)
        if sentence is None:
            raise  # a defect of ours: whoever reports it needs all of it
        complain(sentence)
        sys.exit(1)
