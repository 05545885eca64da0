"""Moving of outputs to their places, where nothing is replaced but what the same command wrote.

What is there already is refused, unless the command itself wrote it or ``--overwrite`` was given. Never replaced are
files that the command reads, what is no regular file, and files without the permission to write.
"""

import errno
import filecmp
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from maskwright.errors import UsageError
from maskwright.files import synchronise
from maskwright.outputs.output import Output
from maskwright.outputs.record import OutputRecord, record_file
from maskwright.outputs.staging import clear_staging, created, files_below, staging_folder


@contextmanager
def output_files(output: Output, new: bool = False) -> Iterator[Path]:
    """Yield a staging folder whose files then appear beside ``output.out``, as new files, under their names.

    A file that exists is left as it is when it is equal to the new one, and refused otherwise. With ``new`` it is
    refused either way, also one that another call wrote while this one waited for it; those in folders may be equal.
    """
    output.require_possible(output.out)
    parent = output.out.parent
    with created(parent), staging_folder(output, parent, output.out.name) as staging:
        yield staging
        _publish(output, staging, parent, None, new=new)


def require_new_files(output: Output, paths: Iterable[Path]) -> None:
    """Raise ``UsageError`` unless each of ``paths``, beside ``output.out``, can be written by :func:`output_files`.

    Some of them may have their names from a killed call, without the others; these are removed before.
    """
    clear_staging(output, output.out.parent, output.out.name)
    for path in paths:
        output.require_free(path)


@contextmanager
def new_output_folder(output: Output) -> Iterator[Path]:
    """Yield a staging folder that becomes the folder ``output.out``, which must be missing or empty.

    What appears at ``output.out`` meanwhile is kept, and the command is refused.
    """
    out = output.out.resolve()
    if os.path.lexists(out) and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(
            f"{output.out}: exists and is not empty; expected a new file or folder. Choose another {output.option}."
        )
    output.require_folder(out.parent)
    with created(out.parent), staging_folder(output, out.parent, out.name) as staging:
        yield staging
        synchronise([*staging.rglob("*"), staging])
        if not _became(staging, out):
            raise UsageError(
                f"{output.out}: appeared while it was written, and is left as it is; expected no such file or folder. "
                f"Choose another {output.option}."
            )


@contextmanager
def output_folder(
    output: Output,
    *,
    about: dict[str, object] | None = None,
    expected: Iterable[str] = (),
    kept: Sequence[str] = (),
    in_place: bool = False,
) -> Iterator[Path]:
    """Yield a staging folder whose files then appear in the folder ``output.out``, with a record of them.

    What the record of an earlier call holds is replaced or removed, but for the files in the folders ``kept``. Without
    ``in_place``, ``output.out`` appears when all is done.

    Args:
        output: The command and what it may replace.
        about: What the results are of. Results of something else are refused.
        expected: Names that will be written, which are checked at once.
        kept: The names of folders whose files stay from earlier calls, such as ``label_maps``.
        in_place: Create the folder at once.
    """
    out = output.out
    if os.path.lexists(out) or in_place:
        output.require_folder(out)
        place = out.resolve()
        clear_staging(output, place.parent, place.name)  # of a call before the folder was there
        with created(out), staging_folder(output, out, "") as staging:
            record = OutputRecord.read(out, output.command)
            output.require_possible(record_file(out, output.command))
            if record is not None and not output.overwrite:
                _require_same(output, record, about)
            for name in expected:
                output.require_free(out / name, record or OutputRecord.empty(out, output.command))
            yield staging
            _publish_recorded(output, staging, about, kept)
        return
    output.require_folder(out.parent)
    with created(out.parent), staging_folder(output, out.parent, out.name) as staging:
        yield staging
        OutputRecord.of_staged(out, output.command, about, staging, files_below(staging)).write(staging)
        synchronise([*staging.rglob("*"), staging])
        if not _became(staging, out):
            record_file(staging, output.command).unlink()
            _publish_recorded(output, staging, about, kept)


def remove_own(output: Output) -> None:
    """Remove the files that earlier calls wrote and recorded, so that they are not beside those of another job."""
    record = OutputRecord.read(output.out, output.command)
    for name in record.found() if record is not None else ():
        (output.out / name).unlink()


def _publish_recorded(output: Output, staging: Path, about: dict[str, object] | None, kept: Sequence[str]) -> None:
    """Move the files in ``staging`` to the output folder, and record them."""
    out = output.out
    earlier = OutputRecord.read(out, output.command) or OutputRecord.empty(out, output.command)
    if not output.overwrite:
        _require_same(output, earlier, about)
    if earlier.about != about:
        kept = ()
    _publish(output, staging, out, earlier, about, kept)


def _publish(
    output: Output,
    staging: Path,
    out: Path,
    record: OutputRecord | None,
    about: dict[str, object] | None = None,
    kept: Sequence[str] = (),
    new: bool = False,
) -> None:
    """Move each file in ``staging`` to its place in ``out``; all places are checked before the first is taken."""
    names = [
        name
        for name in files_below(staging)
        if (new and "/" not in name) or not _is_equal(output, staging / name, out / name)
    ]
    taken = [name for name in names if output.require_free(out / name, record)]
    synchronise([staging / name for name in names])
    if record is not None:
        own = record.found()
        stale = [name for name in own if name not in names and name.partition("/")[0] not in kept]
        stale = [name for name in stale if not (staging / name).exists()]
        staged = OutputRecord.of_staged(out, output.command, about, staging, files_below(staging))
        staged.joined(record, [name for name in own if name not in stale]).write()
        # Before the new ones appear: after a kill some may be missing, but never are two results mixed.
        for name in [*stale, *(name for name in taken if name in own)]:
            (out / name).unlink(missing_ok=True)
        taken = [name for name in taken if name not in own]
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        move_new(staging / name, out / name, replace=name in taken)
    synchronise({(out / name).parent for name in names})


def move_new(source: Path, target: Path, replace: bool = False) -> None:
    """Give the file ``source`` the name ``target``, where nothing may have appeared unless ``replace``.

    It may keep its other name too, as a link.

    Raises ``UsageError`` when something has appeared there.
    """
    if replace:
        os.replace(source, target)
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise _appeared(target) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _appeared(target) from None
        os.replace(source, target)


def _appeared(target: Path) -> UsageError:
    return UsageError(
        f"{target}: appeared while it was written, and is left as it is; expected no such file. Choose another place, "
        "or move it away."
    )


def _is_equal(output: Output, staged: Path, target: Path) -> bool:
    """Return whether ``target`` is a file of the same content, which can stay, and is none that is read."""
    if not os.path.lexists(target) or not output.require_possible(target):
        return False
    return filecmp.cmp(staged, target, shallow=False)


def _require_same(output: Output, record: OutputRecord, about: dict[str, object] | None) -> None:
    """Raise ``UsageError`` when the files of ``record`` are about something else."""
    if not record.found():
        return
    now, before = about or {}, record.about or {}
    other = [key for key in now if before.get(key) != now[key]]
    if other:
        raise output.with_other_place(
            UsageError(
                f"{output.out}: holds the results of another {' and other '.join(other)}; expected an empty folder, or "
                f"results of the same. {output.remedy()}"
            )
        )


def _became(staging: Path, out: Path) -> bool:
    """Return whether ``staging`` could be renamed to ``out``, where there was nothing or an empty folder."""
    try:
        os.rename(staging, out)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) or os.path.lexists(out):
            return False
        raise
    synchronise([out.parent])
    return True
