"""The client: one signed call, one meeting, the newest few, or all the history the platform has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Self

from pydantic import SecretStr

from ytxdata.errors import MeetingNotFoundError, UsageError
from ytxdata.history.history import History
from ytxdata.labels import Text
from ytxdata.platform.settings import Settings
from ytxdata.platform.transport import Transport
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer
from ytxdata.redact import mask_id
from ytxdata.templates import facts_card

MAX_BYTES = 256 * 2**20
FIRST_ASK, FACTOR = 200, 4
"""For how many records all there is is asked for at first, and how many times more than came it is asked for next."""

Progress = Callable[[Answer], None]
"""Called after every answer, so that a bar or a line can be drawn."""


class Client:
    """One account and application of the platform, asked over signed HTTP.

    Parameters
    ----------
    account_sid, auth_token, app_id
        Credentials. What is not given comes from the environment (`YTX_ACCOUNT_SID`, `YTX_AUTH_TOKEN`,
        `YTX_APP_ID`), then from `ytxdata.toml`, then from the keyring if that package is installed.
    environment
        `production` or `sandbox`; default `production` (`YTX_ENVIRONMENT`).
    base_url
        Any other address of the platform; wins over `environment` (`YTX_BASE_URL`).
    timeout
        Seconds to connect, and seconds of silence while reading; one number for both (`YTX_TIMEOUT`; by default
        5 and 30).
    total_timeout
        Seconds for one query with all its attempts; ends silence and slow drips alike (`YTX_TOTAL_TIMEOUT`; by
        default 60).
    max_bytes
        Limit for one answer, before and after decompression [bytes].
    proxies, trust_env
        As in requests; proxies of the environment are used only with `trust_env=True`.
    aliases
        More names for columns: `{"meeting_id": ["room_no"]}`; added to those of `ytxdata.toml`.
    progress
        Called with each `Answer` as it comes.

    Raises
    ------
    SettingsError
        A setting is missing or cannot be right; the message says which, and where the console shows it.

    Notes
    -----
    Nothing is asked before the first query. Every attempt is signed anew, in Beijing time, on a connection of its
    own.

    Source: seed, sections 公共参数 and 请求参数.

    Examples
    --------
    >>> from ytxdata.emulator import Emulator
    >>> with Emulator(meetings=3) as server:
    ...     Client(base_url=server.url, **server.credentials).query_meeting(meetingcount=2).status_code
    '0'
    """

    def __init__(
        self,
        *,
        account_sid: str | None = None,
        auth_token: str | SecretStr | None = None,
        app_id: str | None = None,
        environment: str | None = None,
        base_url: str | None = None,
        timeout: float | tuple[float, float] | None = None,
        total_timeout: float | None = None,
        max_bytes: int = MAX_BYTES,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = False,
        aliases: Mapping[str, Sequence[str]] | None = None,
        progress: Progress | None = None,
    ) -> None:
        given = [
            {
                "account_sid": account_sid,
                "auth_token": auth_token,
                "app_id": app_id,
                "environment": environment,
                "base_url": base_url,
            }
        ]
        # A refused value may hold the token, also in an address: a traceback with its frames' values shows none of
        # them.
        account_sid = auth_token = app_id = environment = base_url = None
        self._begin(
            Settings.load(**given.pop()),
            timeout=timeout,
            total_timeout=total_timeout,
            max_bytes=max_bytes,
            proxies=proxies,
            trust_env=trust_env,
            aliases=aliases,
            progress=progress,
        )

    def _begin(
        self,
        settings: Settings,
        *,
        progress: Progress | None,
        aliases: Mapping[str, Sequence[str]] | None = None,
        **limits: Any,
    ) -> None:
        self.settings = settings
        self.aliases = DEFAULT.with_extra(self.settings.aliases).with_extra(aliases or {})
        self._transport = Transport(self.settings, aliases=self.aliases, **limits)
        self._progress = progress

    @classmethod
    def of(cls, settings: Settings, *, progress: Progress | None = None) -> Self:
        """Return a client that asks by settings which were put together elsewhere: those of an account of a fleet."""
        client = cls.__new__(cls)
        client._begin(settings, progress=progress)
        return client

    @property
    def identity(self) -> tuple[str, str]:
        """Whose history this is: account SID and application id."""
        return self.settings.account_sid, self.settings.app_id

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Make one signed `queryMeeting` call.

        Parameters
        ----------
        confid
            Id of one meeting (the `meid` of its creation); empty for the account's history.
        meetingcount
            How many records at most, newest first as far as is known; at least 1.

        Returns
        -------
        Answer
            The raw bytes with what they say. A status code that is no success is raised, not returned.

        Raises
        ------
        UsageError
            `meetingcount` is no positive whole number.
        RefusedError
            Credentials, clock, balance or application refused (-200 to -205).
        PlatformError
            The platform rejected the request, had a fault, or gave an answer that cannot be read.
        NetworkError
            The platform was not reached in time.

        Notes
        -----
        One call on the network; more only as the retry policy says (platform faults, throttling, a stale clock).
        """
        answer = self._transport.query(confid, meetingcount)
        if self._progress is not None:
            self._progress(answer)
        return answer

    def fetch_meeting(self, confid: str) -> History:
        """Fetch one meeting by its id, in one call.

        Raises
        ------
        UsageError
            The id is empty.
        MeetingNotFoundError
            The platform answered without this meeting.
        """
        if not str(confid or "").strip():
            raise UsageError(
                Text(f"会议号必须是非空文本：{confid!r}", f"a meeting id is text that is not empty: {confid!r}"),
                remedy=Text("查询全部历史请用 fetch_history()", "for all meetings use fetch_history()"),
            )
        answer = self.query_meeting(confid, 1)
        history = History.from_answers([answer], self.aliases)
        wanted = confid.strip()
        quoted = f'"{wanted}"'.encode()
        if wanted not in set(history.meetings["meeting_id"]) and not any(quoted in r.raw for r in answer.records):
            raise MeetingNotFoundError(
                Text(f"平台的回答里没有会议 {confid}", f"the platform's answer holds no meeting {confid}"),
                remedy=Text(
                    "核对会议号（创建会议时返回的 meid）", "check the id (the meid that creating the meeting returned)"
                ),
                request_id=answer.request_id,
                status_code=answer.status_code,
            )
        return history

    def fetch_meetings(self, n: int) -> History:
        """Fetch the newest `n` meetings, in one call.

        Raises
        ------
        UsageError
            `n` is no positive whole number.
        """
        return History.from_answers([self.query_meeting("", n)], self.aliases)

    def fetch_history(self) -> History:
        """Fetch all there is: ask for more until the platform has no more.

        Returns
        -------
        History
            The union of all answers; what came again counts as duplicates. Its certificate says PROBABLE at
            best: the platform may have a cap of its own, which only an archive can find out.

        Notes
        -----
        A handful of calls: the question grows fourfold each time.

        Examples
        --------
        >>> from ytxdata.emulator import Emulator
        >>> with Emulator(meetings=250) as server:
        ...     history = Client(base_url=server.url, **server.credentials).fetch_history()
        >>> len(history.meetings), len(history.answers), history.certificate.worst
        (250, 2, 'PROBABLE')
        """
        asked = FIRST_ASK
        answers = [self.query_meeting("", asked)]
        while (n := len(answers[-1].records)) >= asked:
            # an answer longer than what was asked (a platform that does not count) makes the next question longer than
            # that answer, so that they end
            asked = FACTOR * n
            answers.append(self.query_meeting("", asked))
        return History.from_answers(answers, self.aliases)

    def __reduce__(self) -> NoReturn:
        # a pickle is a file that anybody can read, and goes to other machines with a job
        raise UsageError(
            Text("客户端含有 auth token，不能 pickle 或复制", "a client holds the auth token: it cannot be pickled or copied"),
            remedy=Text("在需要的地方新建 ytx.Client()；History、报表和 Archive 可以 pickle", "make a new ytx.Client() where it is needed; histories, reports and archives can be pickled"),
        )  # fmt: skip

    def __repr__(self) -> str:
        if not hasattr(self, "settings"):  # refused while it was made: a debugger or a traceback still shows it
            return "Client()"
        return f"Client(account_sid={mask_id(self.settings.account_sid)!r}, base_url={self.settings.base_url!r})"

    def _repr_html_(self) -> str:
        return facts_card(
            Text("客户端", "client"),
            [
                (Text("地址", "address"), str(self.settings.base_url)),
                (Text("账户", "account"), mask_id(self.settings.account_sid)),
                (Text("应用", "application"), mask_id(self.settings.app_id)),
            ],
        )
