"""Every row of docs/guide/coming-from-pyramid.md has a test."""

from __future__ import annotations

import unittest
from importlib import import_module

from pyramid.exceptions import ConfigurationError
from pyramid_page import code_in, headings, rows_of
from session_sidecar.pyramid import session_factory_from_settings
from session_sidecar.pyramid.settings import READERS

SETTINGS_SECTIONS = ("Settings of pyramid_redis_sessions", "Settings of pyramid_session_redis")
COOKIE_SECTION = "What happens to the cookie"

# By test, as module.case.name: the first cells of the rows that it shows to be true.
ROWS = {
    "settings.Settings.test_without_a_prefix_belong_to_others": [
        "settings without the prefix are ignored",
    ],
    "settings.Settings.test_are_named_by_their_last_part": [
        "the last segment of the name decides",
    ],
    "settings.Settings.test_that_are_unknown_are_listed_with_those_that_exist": [
        "an unknown setting is a `TypeError`",
    ],
    "settings.Settings.test_may_have_either_prefix_but_not_both": [
        "a missing `secret` is a `ConfigurationError`",
    ],
    "settings.MovedSettings.test_say_where_they_live_now": [
        "`prefix` and `id_generator` together are a `ConfigurationError`",
        "`prefixed_id(prefix)`",
    ],
    "settings.Settings.test_may_be_dotted_names": [
        "dotted names of functions are resolved when the package is included",
    ],
    "settings.Settings.test_of_the_timeout_apply_to_new_sessions": [
        "`timeout`",
    ],
    "settings.Settings.test_of_the_cookie_are_its_attributes": [
        "`cookie_name`",
        "`cookie_max_age`",
        "`cookie_path`",
        "`cookie_domain`",
        "`cookie_httponly`",
        "delete: empty value, `Max-Age=0`, same path and domain",
    ],
    "settings.Settings.test_let_the_cookie_be_secure_over_https": [
        "`cookie_secure`",
    ],
    "settings.Settings.test_of_the_cookie_have_the_defaults_of_pyramid_redis_sessions": [
        "`cookie_samesite`",
    ],
    "cookies.Table.test_applies_whatever_the_outcome": [
        "`cookie_on_exception`",
        "never more than one `Set-Cookie` for the name",
        "no `Vary`; in `pyramid_session_redis`, with the cookie",
    ],
    "cookies.NotAllowed.test_sets_and_deletes_nothing_and_stores_nothing_unreachable": [
        "`func_check_response_allow_cookies`",
        "no cookie if `func_check_response_allow_cookies` says no",
    ],
    "cookies.Arriving.test_is_reported_to_func_invalid_logger_once": [
        "`func_invalid_logger`",
        "`InvalidSession` and `NoSessionCookie`",
        "`NotInBackend` and `PayloadTimeout`",
        "`InvalidSessionId_Serialization`, `InvalidSessionId_Deserialization`",
    ],
    "failures.Refused.test_reach_the_exception_views_of_the_application": [
        "`includeme(config)`",
        "a view returns a response",
        "the session was ended by another request: it comes back",
    ],
    "saving.Kept.test_of_a_session_whose_factory_was_set_without_including_the_package": [
        "`session_factory_from_settings(settings)`",
    ],
    "settings.Factory.test_takes_the_options_of_the_settings": [
        "`RedisSessionFactory(secret, **options)`",
    ],
    "settings.Factory.test_takes_a_client_of_the_application": [
        "`get_default_connection(request, …)`",
    ],
    "former.Former.test_id_is_public_and_reading_it_stores_nothing": [
        "`get_unique_session_id(…)`, `create_unique_session_id`",
        "`session_id`",
    ],
    "cookies.NotAllowed.test_is_decided_by_the_reference_function_for_headers_of_caches": [
        "`check_response_allow_cookies(response)`",
    ],
    "codec.Values.test_that_cannot_be_read_are_an_error": [
        "`DeserializationError`, `PayloadLegacy`, `RawDeserializationError`",
    ],
    "contract.Contract.test_created_is_an_integer_that_stays": [
        "`created`",
    ],
    "contract.Contract.test_new_is_true_in_the_request_that_starts_the_session": [
        "`new`",
    ],
    "contract.Contract.test_reading_an_invalidated_session_stores_nothing": [
        "`invalidate()`",
    ],
    "contract.Contract.test_invalidate_can_be_repeated": [
        "`invalidate()` again",
    ],
    "contract.Contract.test_changes_inside_values_are_saved_without_changed": [
        "`changed()`",
    ],
    "contract.Flash.test_skips_duplicates_on_request_in_one_request_and_over_several": [
        "`flash(msg, queue, allow_duplicate)`",
    ],
    "contract.Flash.test_popping_the_last_message_ends_no_session": [
        "`pop_flash(queue)`",
    ],
    "contract.Flash.test_queues_are_independent_and_missing_ones_empty": [
        "`peek_flash(queue)`",
    ],
    "dictionary.Dictionary.test_reads": [
        "`__contains__`",
        "`__getitem__`",
        "`__iter__`",
        "`get`, `keys`, `items`, `values`",
        "`managed_dict`",
        "`has_key`, `iterkeys`, `itervalues`, `iteritems`",
    ],
    "dictionary.Dictionary.test_rejects_keys_and_values_that_cannot_be_stored_when_they_are_set": [
        "`__setitem__`",
    ],
    "dictionary.Dictionary.test_writes": [
        "`__delitem__`",
        "`update(mapping)`",
    ],
    "dictionary.Dictionary.test_pop_without_a_default_returns_none_for_a_missing_key": [
        "`pop(key, default=None)`",
    ],
    "dictionary.Dictionary.test_popitem_removes_an_item": [
        "`popitem()`",
    ],
    "dictionary.Dictionary.test_setdefault_does_not_replace_what_a_parallel_request_has_stored": [
        "`setdefault(key, default)`",
    ],
    "dictionary.Dictionary.test_clear_removes_keys_messages_and_the_csrf_token": [
        "`clear()`",
    ],
    "csrf.Csrf.test_keeps_the_key_of_the_session_policy_as_pyramid_does": [
        "the keys `_f_…` and `_csrft_`",
    ],
    "csrf.Csrf.test_rejects_the_old_token_after_a_new_one_and_after_login": [
        "`new_csrf_token()`",
        "absent: a new id for the same data",
    ],
    "csrf.Csrf.test_uses_the_token_of_the_session_which_every_language_has": [
        "`get_csrf_token()`",
    ],
    "former.Former.test_timeout_of_one_session_is_stored": [
        "`adjust_timeout_for_session(seconds)`, `adjust_session_timeout(seconds)`",
        "`expires`",
    ],
    "former.Former.test_version_counts_changes": [
        "`version`",
    ],
    "former.Former.test_ensure_id_stores_the_session": [
        "`ensure_id()`",
    ],
    "former.Former.test_session_id_safecheck_stores_a_session_with_content": [
        "`session_id_safecheck`",
    ],
    "former.Former.test_do_persist_saves": [
        "`do_persist()`",
    ],
    "former.Former.test_what_is_gone_says_why": [
        "`do_refresh(force_redis_ttl)`",
        "`adjust_session_expires(epoch)`, `adjust_expires_for_session(epoch)`",
        "`redis`, `serialize`, `deserialize`",
        "`to_redis()`, `from_redis()`",
        "`new_session`, `new_payload`, `encode_session_payload`, `decode_session_payload`",
        "`timestamp`",
    ],
    "cookie_changes.Adjusted.test_is_kept_for_another_time_by_this_response_only": [
        "`adjust_cookie_max_age(…)`, `adjust_cookie_expires(…)`",
    ],
    "cookie_changes.Adjusted.test_does_not_bring_a_replaced_token_back": [
        "`please_recookie()`",
    ],
    "dictionary.Dictionary.test_a_copy_is_a_dictionary_of_its_own": [
        "absent: `len(session)`, `==`, `copy()`",
    ],
    "former.Former.test_transform_loses_no_change": [
        "absent: an atomic change",
    ],
    "former.Former.test_subject_says_whose_the_session_is": [
        "absent: whose session it is",
    ],
    "csrf.Csrf.test_stores_nothing_for_forged_requests_of_visitors_without_a_session": [
        "absent: checking the CSRF token",
    ],
    "cookies.Arriving.test_with_no_cookie_a_forged_one_or_an_unknown_one_starts_another_session": [
        "no cookie, a bad signature or an unknown id: a new session",
    ],
    "cookies.Arriving.test_with_a_valid_cookie_keeps_the_id": [
        "a valid cookie: the same id, `new` is false",
    ],
    "cookie_changes.Adjusted.test_sends_the_cookie_again_on_request": [
        "an existing session sets no cookie, so `max_age` does not slide",
    ],
    "cookies.Untouched.test_caches_do_not_keep_a_response_with_the_cookie": [
        "set: all cookie options",
    ],
    "cookies.Untouched.test_by_requests_that_do_not_use_their_session": [
        "a request that does not use the session costs nothing",
    ],
    "saving.Kept.test_of_a_view_that_raises_a_redirect": [
        "a view raises a redirect",
    ],
    "saving.Kept.test_of_a_view_that_raises_an_error_and_of_its_exception_view": [
        "a view raises an error that an exception view handles",
    ],
    "saving.Kept.test_without_leaving_a_new_session_if_there_is_no_response": [
        "a view raises an error without an exception view",
    ],
    "saving.Kept.test_of_a_subscriber_to_new_response": [
        "a response callback or a `NewResponse` subscriber writes",
    ],
    "saving.Kept.test_of_a_finished_callback": [
        "a finished callback writes",
    ],
    "saving.Kept.test_of_a_body_that_is_streamed": [
        "a generator that is the response's body writes",
    ],
    "saving.Kept.test_of_a_subrequest_with_a_session_of_its_own": [
        "a subrequest",
    ],
    "retry.FailedAttempts.test_keep_no_changes": [
        "`pyramid_retry` attempts a request again: both attempts write",
    ],
    "retry.Transactions.test_that_fail_to_commit_keep_no_changes": [
        "`pyramid_tm` fails to commit, and `pyramid_retry` attempts the request again: both attempts write",
    ],
    "contract.Contract.test_parallel_requests_write_different_keys": [
        "parallel requests write different keys: one is lost",
    ],
    "failures.Unavailable.test_gives_exception_views_an_empty_session_that_cannot_be_written": [
        "Redis fails: an exception",
    ],
}
TESTS = {row: test for test, rows in ROWS.items() for row in rows}


class Page(unittest.TestCase):
    def test_has_only_rows_that_have_a_test_and_all_of_them(self) -> None:
        rows = [row["theirs"] for heading in headings() for row in rows_of(heading) if "start" not in row]
        moved = [row["theirs"] for row in self.moved()]
        self.assertEqual(sorted(set(rows) - set(moved)), sorted(TESTS))

    def test_names_only_tests_that_exist(self) -> None:
        for row, test in TESTS.items():
            with self.subTest(row):
                module, case, name = test.split(".")
                self.assertTrue(callable(getattr(getattr(import_module(f"test_pyramid_{module}"), case), name)))

    def test_says_of_settings_that_moved_what_start_up_says(self) -> None:
        moved = self.moved()
        self.assertGreater(len(moved), 30)
        for row in moved:
            (name,) = code_in(row["theirs"])
            with self.subTest(name), self.assertRaises(ConfigurationError) as raised:
                session_factory_from_settings({f"redis.sessions.{name}": "any"})
            for place in code_in(row["here"]):
                self.assertIn(place, str(raised.exception))

    def test_has_all_settings_that_work(self) -> None:
        works = {name for heading in SETTINGS_SECTIONS for row in rows_of(heading) for name in code_in(row["here"])} & set(
            READERS
        )
        own = {"address", "api_token", "api_token_file", "cache_bytes", "call_timeout", "client", "codec"}
        own |= {"former_secret", "transport"}
        self.assertEqual(works | own, set(READERS))

    def test_says_why_something_is_not_covered(self) -> None:
        for heading in headings():
            for row in rows_of(heading):
                self.assertTrue(all(row.values()), row)
                self.assertFalse(row["here"] == "not covered" and row["difference"] == "–", row)

    def moved(self) -> list[dict[str, str]]:
        """Return the rows of settings that are now elsewhere."""
        rows = [row for heading in SETTINGS_SECTIONS for row in rows_of(heading)]
        return [row for row in rows if row["theirs"] not in TESTS and row["theirs"].startswith("`")]
