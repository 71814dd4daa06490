"""What RequestSession and AsyncRequestSession have in common: everything but making calls."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from ..async_session import AsyncSession
from ..errors import SessionError, is_damaged
from ..session import Session
from .cookie import read_cookies, set_cookie_headers
from .cookie_rules import CookieFacts, decide_cookie, is_withheld, needs_renewal
from .failures import reports_failure, too_late
from .options import WebOptions
from .response_headers import HeaderList, is_for_shared_caches, set_cookies, set_retry_after, vary_by_cookie
from .steps import Steps
from .unavailable_session import make_available, make_unavailable

Kind = TypeVar("Kind", Session, AsyncSession)


class BaseRequestSession(Generic[Kind]):
    """The session of one request. Subclasses make the calls.

    An adapter hands it out with load(), calls before_headers() before the headers of the response are sent, and has
    write_headers() complete them. If the response is a stream, it calls before_end() when all of it but its end was sent.

    A session that the application does not use costs no call, and leaves no trace in the response.

    client: opens the session.
    options: those of the application.
    cookie_header: the request's header Cookie. None: it has none.
    fetch_mode: its header Sec-Fetch-Mode.
    has_response: whether before_headers() will be called.
    """

    def __init__(
        self,
        client: Any,
        options: WebOptions,
        cookie_header: str | None,
        fetch_mode: str | None = None,
        has_response: bool = True,
    ) -> None:
        self._client = client
        self._options = options
        self._brought = read_cookies(cookie_header, options.cookie)
        self._fetch_mode = fetch_mode
        self._has_response = has_response
        self._opened: Kind | None = None
        self._is_used = False
        # What failed first, loading or saving. Nothing is saved any more then.
        self._failure: Exception | None = None
        # Whether the session could not be loaded, and was not ended since.
        self._is_unavailable = False
        self._arrived_token: str | None = None
        # Whether the browser was to keep the cookie when the session was loaded, and is to keep it now.
        self._persisted = False
        self._persists = False
        # Whether the browser gets its token again.
        self._is_renewed = False
        # The token that the browser has once the headers are sent.
        self._sent_token: str | None = None

    @property
    def session(self) -> Kind | None:
        """The session, if it was loaded."""
        return self._opened if self._is_used else None

    @property
    def is_used(self) -> bool:
        """Whether the application has used the session, even if it could not be loaded."""
        return self._opened is not None

    @property
    def failure(self) -> Exception | None:
        """Why the session could not be loaded or saved, if so."""
        return self._failure

    def _loading(self) -> Steps[Kind]:
        if self._opened is None:
            yield from self._opening()
        session = self._opened
        assert session is not None
        if not self._is_used:
            self._is_used = True
            if self._failure is None:
                self._persisted = self._persists = self._options.is_persistent(session)
        return session

    def _opening(self) -> Steps[None]:
        try:
            session = yield from self._finding()
        except SessionError as error:
            self._failure = error
            self._is_unavailable = True
            is_deferred = self._has_response and is_damaged(error)
            is_read_only = self._options.when_unavailable == "read-only"
            empty: Kind = self._client.create()
            make_unavailable(empty, error, is_reported=is_read_only or not is_deferred, end=self._end_unavailable)
            self._opened = empty
            if not is_read_only and not is_deferred:
                raise
        else:
            self._arrived_token = session.token
            self._opened = session

    def _finding(self) -> Steps[Kind]:
        """Find the session by the cookie of an earlier library, if the browser has one, or else by the token."""
        read = self._options.former_id
        ids = [] if read is None else [identity for identity in map(read, self._brought.tokens) if identity is not None]
        opening = partial(self._client.open_by_id, ids[0]) if ids else partial(self._client.open, self._brought.tokens)
        session: Kind = yield opening
        if ids and session.token is None:
            # A new session must not get an id of the earlier library.
            new: Kind = self._client.create()
            return new
        self._is_renewed = bool(ids)
        return session

    def _end_unavailable(self) -> Any:
        """Run _ending_unavailable(). What invalidate() of an unavailable session is."""
        raise NotImplementedError

    def _ending_unavailable(self) -> Steps[None]:
        """Afterwards, the application has a new session, and the browser loses the cookie of the old one."""
        tokens = self._brought.tokens
        try:
            yield partial(self._client.invalidate, tokens)
        except SessionError as error:
            # What an older sidecar can neither read nor end lets no one in.
            if not is_damaged(error):
                raise
        if self._opened is not None:
            make_available(self._opened)
        self._arrived_token = tokens[0]
        self._failure = None
        self._is_unavailable = False

    @property
    def _used(self) -> Kind | None:
        """What may have to be saved, and whose token the browser needs."""
        return self._opened if self._is_used and not self._is_unavailable else None

    def _saving(self, status: int) -> Steps[None]:
        session = self._used
        if session is None or self._failure is not None:
            return
        if is_withheld(self._facts(session, status)):
            # Stored already, for example by csrf_token(), but its token is never sent. If this fails, it expires by itself.
            yield from self._abandoning()
        elif reports_failure(status):
            yield from self._trying_to_save(session)
        else:
            try:
                yield from self._saving_and_renewing(session)
            except Exception as error:
                self._failure = error
                raise

    def _saving_and_renewing(self, session: Kind) -> Steps[None]:
        self._persists = self._options.is_persistent(session)
        before = session.version
        yield session.save
        if session.token is not None and self._needs_renewal(session):
            # A token that a parallel request has replaced must not return to the browser; a saved session has a current one.
            self._is_renewed = session.version != before or (yield from self._checking_current(session.token))

    def _needs_renewal(self, session: Kind) -> bool:
        return session.token == self._arrived_token and needs_renewal(
            rolling=self._options.cookie.rolling,
            persisted=self._persisted,
            persists=self._persists,
            fetch_mode=self._fetch_mode,
        )

    def _checking_current(self, token: str) -> Steps[bool]:
        try:
            found: Kind = yield partial(self._client.open, token)
        except SessionError:
            return False
        return found.token == token

    def _trying_to_save(self, session: Kind) -> Steps[None]:
        try:
            yield session.save
        except Exception as error:
            self._unsaved(error)

    def _unsaved(self, error: Exception) -> None:
        """Report an error that does not replace the response, unless the application raises."""
        try:
            self._options.on_unsaved(error)
        except Exception as reason:
            self._failure = reason
            raise

    def _ending(self, status: int) -> Steps[None]:
        session = self._used
        if session is None or self._failure is not None or is_withheld(self._facts(session, status)):
            return
        known = self._sent_token or self._arrived_token
        is_too_late = session.has_changes if session.token is None else session.token != known
        if reports_failure(status):
            if is_too_late:
                self._unsaved(too_late())
            else:
                yield from self._trying_to_save(session)
        elif is_too_late:
            raise too_late()
        else:
            yield session.save

    def _abandoning(self) -> Steps[None]:
        session = self._used
        if session is not None and session.is_new and session.token is not None:
            with suppress(SessionError):
                yield session.invalidate

    def write_headers(self, headers: HeaderList, status: int, is_https: bool) -> None:
        """Complete the headers of the response, right before they are sent.

        headers: changed in place.
        status: that of the response.
        is_https: whether the browser sent the request over https, possibly to a proxy that the application trusts.
        """
        if status == 503 and self._opened is not None:
            set_retry_after(headers)
        if self._opened is not None:
            self._sent_token = self._opened.token
        if self._is_used:
            vary_by_cookie(headers)
        session = self._used
        if session is None:
            return
        is_renewed = self._is_renewed and not is_for_shared_caches(headers)
        decision = decide_cookie(self._facts(session, status, is_renewed))
        if decision != "none":
            token = session.token if decision == "set" else None
            cookie, names = self._options.cookie, self._brought.names
            set_cookies(headers, set_cookie_headers(cookie, token, is_https=is_https, names=names, is_persistent=self._persists))

    def _facts(self, session: Kind, status: int, is_renewed: bool = False) -> CookieFacts:
        return CookieFacts(
            arrived=self._arrived_token,
            current=session.token,
            is_new=session.is_new,
            is_renewed=is_renewed,
            failed=status >= 500,
            cookie_on_exception=self._options.cookie_on_exception,
        )
