"""A folder that attacks may try to read and change, open to every user, and what changed in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

SECRET, PRECIOUS, PLANTED, DROP = "secret.txt", "drop/precious.txt", "planted.py", "drop"
_LARGEST = 1 << 16


class Folder:
    """Bait in files: a secret, a file to spoil, a module to import, a folder that everybody may write to."""

    def __init__(self, path: Path, *, secret: str, user: int) -> None:
        """Fill the folder. `user` owns what a worker would own; nothing but a sandbox stands between them."""
        self.path, self._secret, self._user = path, secret, user
        path.chmod(0o755)
        self._fill()

    def changes(self) -> list[str]:
        """What changed since the last look, in words; then everything is as it was in the beginning."""
        now = dict(_contents(self.path))
        names = sorted(now.keys() | self._before.keys())
        found = [_change(name, self._before.get(name), now.get(name)) for name in names]
        changed = [text for text in found if text]
        if changed:
            self._empty()
            self._fill()
        return changed

    def _fill(self) -> None:
        drop = self.path / DROP
        drop.mkdir(exist_ok=True)
        drop.chmod(0o777)
        self._own(drop)
        texts = {SECRET: self._secret, PRECIOUS: "precious", PLANTED: f"SECRET = {self._secret!r}\n"}
        for name, text in texts.items():
            file = self.path / name
            file.write_text(text)
            file.chmod(0o666)
            self._own(file)
        self._before = dict(_contents(self.path))

    def _own(self, path: Path) -> None:
        if os.getuid() == 0:
            os.chown(path, self._user, self._user)

    def _empty(self) -> None:
        for path in sorted(self.path.rglob("*"), reverse=True):
            if stat.S_ISSOCK(path.lstat().st_mode):
                continue
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
                path.rmdir()
            else:
                path.unlink()


def _contents(root: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    """By path, everything about a file but when it was read."""
    for path in sorted(root.rglob("*")):
        at = path.lstat()
        data = b""
        if stat.S_ISREG(at.st_mode) and at.st_size <= _LARGEST:
            data = path.read_bytes()
        tags = tuple(os.listxattr(path, follow_symlinks=False)) if hasattr(os, "listxattr") else ()
        times = 0 if stat.S_ISDIR(at.st_mode) else at.st_mtime_ns
        yield str(path.relative_to(root)), (at.st_mode, at.st_uid, at.st_nlink, at.st_size, times, data, tags)


def _change(name: str, before: tuple[object, ...] | None, now: tuple[object, ...] | None) -> str:
    if before == now:
        return ""
    return f"{name} {'appeared' if before is None else 'is gone' if now is None else 'was changed'}"
