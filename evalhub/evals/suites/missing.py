"""Packages that a suite needs and that are not installed, told all at once."""

from collections.abc import Callable, Iterable

from evalhub.errors import EvalhubError, MissingExtraError

__all__ = ["tell_all_missing"]


def tell_all_missing(first: MissingExtraError, makes: Iterable[Callable[[], object]]) -> None:
    """Raise one error for the package of *first* and those that *makes* miss besides.

    Nothing is raised where they miss no other: then *first* says it all.

    Args:
        first: What was missed first.
        makes: Make the parts of a suite, each by itself. Whatever else is wrong with a part
            is told once its package is there.

    Raises:
        MissingExtraError: names all of them, and one command that installs them.
    """
    missing = {error.name: error for error in (first, *map(_missing, makes)) if error is not None}
    names = sorted(name for name in missing if name is not None)
    if first.name is None or len(names) < 2:
        return
    extras = sorted({error.extra for error in missing.values() if error.extra is not None})
    wanted = [f"'evalhub[{','.join(extras)}]'"] if extras else []
    wanted += [name for name in names if missing[name].extra is None]
    raise MissingExtraError(
        f"{', '.join(names[:-1])} and {names[-1]} are not installed; "
        f"run: pip install {' '.join(wanted)}"
    ) from first


def _missing(make: Callable[[], object]) -> MissingExtraError | None:
    try:
        make()
    except MissingExtraError as error:
        return error
    except EvalhubError:
        return None
    return None
