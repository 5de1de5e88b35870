"""Files that decide what is trusted: they belong to the user, and nobody else can change them."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from pipelines.errors import SettingsInvalid

_ROOT = 0


def require_own(path: Path, what: str) -> None:
    """Refuse a file that somebody else could change, or exchange for another.

    Args:
        path: of the file; it may be a link.
        what: the kind of file, for the message.

    Raises:
        SettingsInvalid: the file, or the folder that it lies in, belongs to
            another user or may be written by others.
    """
    if os.name != "posix":
        return
    real = path.resolve()
    for place in dict.fromkeys((real, real.parent, path.absolute().parent)):
        seen = place.stat()
        if seen.st_uid not in (os.geteuid(), _ROOT):
            raise SettingsInvalid(
                f"{what} {path} cannot be trusted: {place} belongs to another user",
                fix="copy the file to a folder of your own, after a look at what it says",
            )
        if _is_open(seen):
            raise SettingsInvalid(
                f"{what} {path} cannot be trusted: others than you may write {place}",
                fix=f"look at what it says, then: chmod go-w {shlex.quote(str(place))}",
            )


def _is_open(seen: os.stat_result) -> bool:
    """Tell whether others than the owner may write a file, or exchange the files of a folder."""
    if stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX:
        return False  # as /tmp: nobody there can move what belongs to another
    is_of_group = bool(seen.st_mode & stat.S_IWGRP) and not _is_alone_in(seen.st_gid)
    return is_of_group or bool(seen.st_mode & stat.S_IWOTH)


def _is_alone_in(group: int) -> bool:
    """Tell whether a group has the user and nobody else, as many systems make one for each user."""
    import grp
    import pwd

    try:
        user, members = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    is_own = (user.pw_gid, user.pw_name) == (group, members.gr_name)
    return is_own and set(members.gr_mem) <= {user.pw_name}
