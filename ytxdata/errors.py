"""Every error this package raises: one small tree whose fields can be read on every instance.

The leaf below `YtxError` says what kind of thing went wrong, the message says the cause in Chinese and
English, `remedy` says what to do, and `exit_code` is what the command line ends with. That an optional package is
missing is said in one way, before any work begins.
"""

from __future__ import annotations

import re
from importlib.metadata import requires
from importlib.util import find_spec
from typing import ClassVar

from ytxdata.labels import HIDDEN, Text

_CREDENTIAL = re.compile(
    r"(?i)((?:[?&;#]|%3F|%26|%23|\\u0026)(?:[\w.-]|%5F|%2D){0,60}(?:token|sig|key|auth|access|expires|secret|passw|pwd|credential)"
    r"(?:[\w.-]|%5F|%2D){0,60}(?:=|%3D))[^&#\s\"'<>\\]+"
)
# a path has one slash of an address left
_USER = re.compile(r"((?:(?<=[a-zA-Z]{2}):/|:\\?/\\?/))[^/\s?#\"'<>\\]+@")


def hide_credentials(text: str) -> str:
    """Return a text without what opens the addresses in it: users and passwords in front of a host, and the values of
    parameters that are called as such.

    Whoever has the signed address of a recording hears the meeting. Names are told by a part of them, as each store
    has its own (`X-Amz-Signature`, `OSSAccessKeyId`): a harmless `design=` is hidden as well.

    Examples
    --------
    >>> hide_credentials("https://u:p@r.example/a.mp3?id=7&Signature=aB%2F1&x=2")
    'https://***@r.example/a.mp3?id=7&Signature=***&x=2'
    """
    if "@" in text:
        text = _USER.sub(rf"\g<1>{HIDDEN}@", text)
    return _CREDENTIAL.sub(rf"\g<1>{HIDDEN}", text) if "=" in text or "%3" in text else text


class YtxError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    cause
        What went wrong, in both languages. Must hold no secret; what opens an address in it is hidden.
    remedy
        What the reader can do about it, in both languages.
    request_id
        The platform's id of the request, when it gave one.
    status_code
        The platform's status code (text), when it gave one.
    http_status
        The HTTP status, when there was an answer.
    retry_after
        Seconds to wait before trying again, when known.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> try:
    ...     ytx.Archive("nowhere.archive").meetings()
    ... except ytx.YtxError as error:
    ...     print(type(error).__name__)
    NotAnArchiveError
    """

    exit_code: ClassVar[int] = 2
    retryable: ClassVar[bool] = False

    attempts: int = 1
    """How often the platform was asked before this error was final."""

    clock_skew: float | None = None
    """Seconds this machine's clock is ahead of the server's, when its `Date` header told."""

    def __init__(
        self,
        cause: Text,
        *,
        remedy: Text | None = None,
        request_id: str | None = None,
        status_code: str | None = None,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        # whoever pastes an address where a file belongs would read its password in the error, and so does a log
        self.cause = Text(*map(hide_credentials, cause))
        self.remedy = remedy and Text(*map(hide_credentials, remedy))
        self.request_id = request_id or None
        self.status_code = status_code
        self.http_status = http_status
        self.retry_after = retry_after
        super().__init__(self.message())

    def message(self) -> str:
        """Return cause, request id and remedy as one readable text."""
        lines = [_both(self.cause)]
        if self.request_id:
            lines.append(f"requestId: {self.request_id}")
        if self.attempts > 1:
            lines.append(Text(f"共尝试 {self.attempts} 次", f"asked {self.attempts} times").in_("both"))
        if self.remedy:
            lines.append(f"→ {_both(self.remedy)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.message()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.__dict__.copy()))


def _both(text: Text) -> str:
    return text.in_("both", sep="\n" if "\n" in text.zh else " / ")


def _rebuild(cls: type[YtxError], state: dict[str, object]) -> YtxError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    Exception.__init__(error, error.message())
    return error


class UsageError(YtxError, ValueError):
    """An argument, a file or a configuration that cannot be used (exit code 2)."""


def cannot_be(name: str, value: object, remedy: Text) -> UsageError:
    """Return the error for an argument or an option that has no such value."""
    return UsageError(Text(f"{name} 不能是 {value!r}", f"{name} cannot be {value!r}"), remedy=remedy)


class NoRoomError(UsageError):
    """This machine has no room for what was asked, or may not read it: disk, memory, open files or permissions; no word
    on what is stored.
    """


class SettingsError(UsageError):
    """A setting is missing or not valid."""


class MissingExtraError(UsageError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class RefusedError(YtxError):
    """The platform refused who is asking (exit code 3)."""

    exit_code = 3


class CredentialsError(RefusedError):
    """Account SID or auth token refused (-200, -201, -203)."""


class ClockError(RefusedError):
    """The signed instant was refused even when signed anew (-202)."""


class AccountError(RefusedError):
    """The account cannot pay (-204)."""


class ApplicationError(RefusedError):
    """The application was refused (-205)."""


class PlatformError(YtxError):
    """The platform answered with an error of its own (exit code 4)."""

    exit_code = 4


class RequestRejectedError(PlatformError):
    """The platform does not accept what was asked (-1 to -4, -101, -102)."""


class ThrottledError(PlatformError):
    """Too many requests (-104)."""

    retryable = True


class ServerFaultError(PlatformError):
    """The platform had a fault (-100)."""

    retryable = True


class UnknownStatusError(PlatformError):
    """A status code that no table knows; its text is kept."""


class MissingStatusError(PlatformError):
    """An answer without a status code and without records: never taken for success."""


class MeetingNotFoundError(PlatformError):
    """The platform knows no such meeting, or answered without it (exit code 6)."""

    exit_code = 6


class AnswerError(PlatformError):
    """The body of an answer cannot be read."""


class NotJsonError(AnswerError):
    """The body is not JSON (often a web page from a proxy or a gateway)."""


class TruncatedError(AnswerError):
    """The body ended before it was whole."""

    retryable = True


class TooLargeError(AnswerError):
    """The body is larger than the limit, before or after decompression."""


class HttpError(AnswerError):
    """An HTTP status that is no success, with a body that says nothing."""


class BusyHttpError(HttpError):
    """HTTP 429, 502, 503 or 504: a gateway that is busy or being restarted, and mostly back within a minute."""

    retryable = True


class RedirectError(AnswerError):
    """The server wants the signed request elsewhere; it is never followed."""


class NetworkError(YtxError):
    """The platform was not reached (exit code 4)."""

    exit_code = 4
    retryable = True


class ConnectError(NetworkError):
    """No connection could be made, or it broke before an answer came."""


class TlsError(NetworkError):
    """The server could not prove who it is, or speaks no TLS."""

    retryable = False


class TimeLimitError(NetworkError, TimeoutError):
    """A time limit passed: connecting, silence while reading, or the total."""


class ArchiveError(YtxError):
    """An archive or a pack cannot be used (exit code 2 unless it is damaged)."""


class NotAnArchiveError(ArchiveError):
    """The directory exists and is something else."""


class ForeignArchiveError(ArchiveError):
    """The archive belongs to another account or application."""


class FutureLayoutError(ArchiveError):
    """The archive was written by a newer version of this package."""


class ArchiveLockedError(ArchiveError):
    """Another process is writing to the archive."""

    exit_code = 4
    retryable = True


class ArchiveWriteError(ArchiveError):
    """The disk is full, or the directory cannot be written."""

    exit_code = 4


class DamagedError(ArchiveError):
    """Stored data is not what was written (exit code 5)."""

    exit_code = 5


class FileDiffersError(YtxError):
    """An exported file, read back, does not hold what was meant; it was not kept."""

    exit_code = 4


class SpokenWarning(UserWarning):
    """A warning in both languages; a command tells each of them once, in that of its reader."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.in_("both"))


class RiskWarning(SpokenWarning):
    """Something works and is not safe; said once per process, in both languages, and again by `ytxdata doctor`."""


_REQUIREMENT = re.compile(r"([\w.-]+)([^;]*);.*\bextra\s*==\s*['\"]([\w-]+)['\"]")


def packages_of(extra: str) -> dict[str, str]:
    """Return what an extra brings: package → the versions of it that will do, as the installed metadata says.

    Examples
    --------
    >>> sorted(packages_of("emulator"))
    ['starlette', 'uvicorn']
    """
    lines = (_REQUIREMENT.match(line) for line in requires("ytxdata") or ())
    return {line[1]: f"{line[1]}{line[2].strip()}" for line in lines if line is not None and line[3] == extra}


def require_extra(extra: str) -> None:
    """Return if everything an extra brings is installed.

    Raises
    ------
    MissingExtraError
        It is not; the message names the extra, and the command that brings what is missing.
    """
    missing = [wanted for name, wanted in packages_of(extra).items() if find_spec(name.replace("-", "_")) is None]
    if missing:
        # The packages by their own names: that works wherever this package itself was installed from.
        command = "pip install " + " ".join(f"'{wanted}'" for wanted in missing)
        raise MissingExtraError(
            Text(f"需要未安装的可选组件 {extra}", f"this needs the extra `{extra}`, which is not installed"),
            remedy=Text(
                f"运行 {command}；在克隆的目录里用 uv：--extra {extra}",
                f"run {command}; with uv in a clone: --extra {extra}",
            ),
        )
