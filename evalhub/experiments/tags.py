"""Names of the tags by which kept runs are found again."""

__all__ = [
    "ALIAS_PREFIX",
    "ATTEMPT_TAG",
    "BRANCH_TAG",
    "COMMIT_TAG",
    "DIRTY_TAG",
    "FORMAT",
    "FORMAT_TAG",
    "GROUP_TAG",
    "LOCAL_TAG",
    "PARTIAL_TAG",
    "PREFIX",
    "VERDICT_TAG",
]

PREFIX = "evalhub."
FORMAT_TAG = f"{PREFIX}format"
FORMAT = "1"
"""Raised when an older evalhub could not read what a newer one logs."""
ATTEMPT_TAG = f"{PREFIX}attempt"
"""The attempt at a suite and the target: one run each, whatever was killed."""
PARTIAL_TAG = f"{PREFIX}partial"
"""Why calls are lacking; such a run is never a baseline."""
VERDICT_TAG = f"{PREFIX}verdict"
"""What the gates said: pass, fail, inconclusive, incomplete."""
ALIAS_PREFIX = f"{PREFIX}alias."
"""How the names of the tags begin that say under which alias a run was promoted."""
GROUP_TAG = f"{PREFIX}group"
"""Runs with the same value are cells of one matrix, and lie under one parent run."""
LOCAL_TAG = f"{PREFIX}local_id"
"""The id that a run had on disk before it was sent."""
COMMIT_TAG = f"{PREFIX}git_commit"
BRANCH_TAG = f"{PREFIX}git_branch"
DIRTY_TAG = f"{PREFIX}git_dirty"
"""``true`` where files under version control differed from the commit."""
