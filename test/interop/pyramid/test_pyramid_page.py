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

# By what the first cell of a row says: the test that shows it.
TESTS = {
    # How settings are read.
    "settings without the prefix are ignored": "settings.Settings.test_without_a_prefix_belong_to_others",
    "the last segment of the name decides": "settings.Settings.test_are_named_by_their_last_part",
    "an unknown setting is a `TypeError`": "settings.Settings.test_that_are_unknown_are_listed_with_those_that_exist",
    "a missing `secret` is a `ConfigurationError`": "settings.Settings.test_may_have_either_prefix_but_not_both",
    "`prefix` and `id_generator` together are a `ConfigurationError`": "settings.MovedSettings.test_say_where_they_live_now",
    "dotted names of functions are resolved when the package is included": "settings.Settings.test_may_be_dotted_names",
    # Settings that work.
    "`timeout`": "settings.Settings.test_of_the_timeout_apply_to_new_sessions",
    "`cookie_name`": "settings.Settings.test_of_the_cookie_are_its_attributes",
    "`cookie_max_age`": "settings.Settings.test_of_the_cookie_are_its_attributes",
    "`cookie_path`": "settings.Settings.test_of_the_cookie_are_its_attributes",
    "`cookie_domain`": "settings.Settings.test_of_the_cookie_are_its_attributes",
    "`cookie_secure`": "settings.Settings.test_let_the_cookie_be_secure_over_https",
    "`cookie_httponly`": "settings.Settings.test_of_the_cookie_are_its_attributes",
    "`cookie_samesite`": "settings.Settings.test_of_the_cookie_have_the_defaults_of_pyramid_redis_sessions",
    "`cookie_on_exception`": "cookies.Table.test_applies_whatever_the_outcome",
    "`func_check_response_allow_cookies`": "cookies.NotAllowed.test_sets_and_deletes_nothing_and_stores_nothing_unreachable",
    "`func_invalid_logger`": "cookies.Arriving.test_is_reported_to_func_invalid_logger_once",
    # Functions.
    "`includeme(config)`": "saving.Refused.test_reach_the_exception_views_of_the_application",
    "`session_factory_from_settings(settings)`": "saving.Kept.test_of_a_session_whose_factory_was_set_without_including_the_package",
    "`RedisSessionFactory(secret, **options)`": "settings.Factory.test_takes_the_options_of_the_settings",
    "`get_default_connection(request, …)`": "settings.Factory.test_takes_a_client_of_the_application",
    "`get_unique_session_id(…)`, `create_unique_session_id`": "contract.Former.test_id_is_public_and_reading_it_stores_nothing",
    "`prefixed_id(prefix)`": "settings.MovedSettings.test_say_where_they_live_now",
    "`check_response_allow_cookies(response)`": "cookies.NotAllowed.test_is_decided_by_the_reference_function_for_headers_of_caches",
    "`InvalidSession` and `NoSessionCookie`": "cookies.Arriving.test_is_reported_to_func_invalid_logger_once",
    "`NotInBackend` and `PayloadTimeout`": "cookies.Arriving.test_is_reported_to_func_invalid_logger_once",
    "`InvalidSessionId_Serialization`, `InvalidSessionId_Deserialization`": "cookies.Arriving.test_is_reported_to_func_invalid_logger_once",
    "`DeserializationError`, `PayloadLegacy`, `RawDeserializationError`": "codec.Values.test_that_cannot_be_read_are_an_error",
    # The contract.
    "`created`": "contract.Contract.test_created_is_an_integer_that_stays",
    "`new`": "contract.Contract.test_new_is_true_in_the_request_that_starts_the_session",
    "`invalidate()`": "contract.Contract.test_reading_an_invalidated_session_stores_nothing",
    "`invalidate()` again": "contract.Contract.test_invalidate_can_be_repeated",
    "`changed()`": "contract.Contract.test_changes_inside_values_are_saved_without_changed",
    "`flash(msg, queue, allow_duplicate)`": "contract.Flash.test_skips_duplicates_on_request_in_one_request_and_over_several",
    "`pop_flash(queue)`": "contract.Flash.test_popping_the_last_message_ends_no_session",
    "`peek_flash(queue)`": "contract.Flash.test_queues_are_independent_and_missing_ones_empty",
    "`__contains__`": "contract.Dictionary.test_reads",
    "`__setitem__`": "contract.Dictionary.test_rejects_keys_and_values_that_cannot_be_stored_when_they_are_set",
    "`__delitem__`": "contract.Dictionary.test_writes",
    "`__getitem__`": "contract.Dictionary.test_reads",
    "`__iter__`": "contract.Dictionary.test_reads",
    "`get`, `keys`, `items`, `values`": "contract.Dictionary.test_reads",
    "`pop(key, default=None)`": "contract.Dictionary.test_pop_without_a_default_returns_none_for_a_missing_key",
    "`popitem()`": "contract.Dictionary.test_popitem_removes_an_item",
    "`setdefault(key, default)`": "contract.Dictionary.test_setdefault_does_not_replace_what_a_parallel_request_has_stored",
    "`update(mapping)`": "contract.Dictionary.test_writes",
    "`clear()`": "contract.Dictionary.test_clear_removes_keys_messages_and_the_csrf_token",
    "the keys `_f_…` and `_csrft_`": "csrf.Csrf.test_keeps_the_key_of_the_session_policy_as_pyramid_does",
    "`new_csrf_token()`": "csrf.Csrf.test_rejects_the_old_token_after_a_new_one_and_after_login",
    "`get_csrf_token()`": "csrf.Csrf.test_uses_the_token_of_the_session_which_every_language_has",
    # What the libraries add.
    "`session_id`": "contract.Former.test_id_is_public_and_reading_it_stores_nothing",
    "`managed_dict`": "contract.Dictionary.test_reads",
    "`adjust_timeout_for_session(seconds)`, `adjust_session_timeout(seconds)`": "contract.Former.test_timeout_of_one_session_is_stored",
    "`has_key`, `iterkeys`, `itervalues`, `iteritems`": "contract.Dictionary.test_reads",
    "`expires`": "contract.Former.test_timeout_of_one_session_is_stored",
    "`version`": "contract.Former.test_version_counts_changes",
    "`ensure_id()`": "contract.Former.test_ensure_id_stores_the_session",
    "`session_id_safecheck`": "contract.Former.test_session_id_safecheck_stores_a_session_with_content",
    "`do_persist()`": "contract.Former.test_do_persist_saves",
    "`do_refresh(force_redis_ttl)`": "contract.Former.test_what_is_gone_says_why",
    "`adjust_session_expires(epoch)`, `adjust_expires_for_session(epoch)`": "contract.Former.test_what_is_gone_says_why",
    "`adjust_cookie_max_age(…)`, `adjust_cookie_expires(…)`": "cookies.Adjusted.test_is_kept_for_another_time_by_this_response_only",
    "`please_recookie()`": "cookies.Adjusted.test_does_not_bring_a_replaced_token_back",
    "`redis`, `serialize`, `deserialize`": "contract.Former.test_what_is_gone_says_why",
    "`to_redis()`, `from_redis()`": "contract.Former.test_what_is_gone_says_why",
    "`new_session`, `new_payload`, `encode_session_payload`, `decode_session_payload`": "contract.Former.test_what_is_gone_says_why",
    "`timestamp`": "contract.Former.test_what_is_gone_says_why",
    "absent: `len(session)`, `==`, `copy()`": "contract.Dictionary.test_a_copy_is_a_dictionary_of_its_own",
    "absent: a new id for the same data": "csrf.Csrf.test_rejects_the_old_token_after_a_new_one_and_after_login",
    "absent: an atomic change": "contract.Former.test_transform_loses_no_change",
    "absent: whose session it is": "contract.Former.test_subject_says_whose_the_session_is",
    "absent: checking the CSRF token": "csrf.Csrf.test_stores_nothing_for_forged_requests_of_visitors_without_a_session",
    # The cookie; its first table is run by cookies.Table.
    "no cookie, a bad signature or an unknown id: a new session": "cookies.Arriving.test_with_no_cookie_a_forged_one_or_an_unknown_one_starts_another_session",
    "a valid cookie: the same id, `new` is false": "cookies.Arriving.test_with_a_valid_cookie_keeps_the_id",
    "an existing session sets no cookie, so `max_age` does not slide": "cookies.Adjusted.test_sends_the_cookie_again_on_request",
    "never more than one `Set-Cookie` for the name": "cookies.Table.test_applies_whatever_the_outcome",
    "delete: empty value, `Max-Age=0`, same path and domain": "settings.Settings.test_of_the_cookie_are_its_attributes",
    "set: all cookie options": "cookies.Untouched.test_caches_do_not_keep_a_response_with_the_cookie",
    "no `Vary`; in `pyramid_session_redis`, with the cookie": "cookies.Table.test_applies_whatever_the_outcome",
    "no cookie if `func_check_response_allow_cookies` says no": "cookies.NotAllowed.test_sets_and_deletes_nothing_and_stores_nothing_unreachable",
    "a request that does not use the session costs nothing": "cookies.Untouched.test_by_requests_that_do_not_use_their_session",
    # When it is saved.
    "a view returns a response": "saving.Refused.test_reach_the_exception_views_of_the_application",
    "a view raises a redirect": "saving.Kept.test_of_a_view_that_raises_a_redirect",
    "a view raises an error that an exception view handles": "saving.Kept.test_of_a_view_that_raises_an_error_and_of_its_exception_view",
    "a view raises an error without an exception view": "saving.Kept.test_without_leaving_a_new_session_if_there_is_no_response",
    "a response callback or a `NewResponse` subscriber writes": "saving.Kept.test_of_a_subscriber_to_new_response",
    "a finished callback writes": "saving.Kept.test_of_a_finished_callback",
    "a generator that is the response's body writes": "saving.Kept.test_of_a_body_that_is_streamed",
    "a subrequest": "saving.Kept.test_of_a_subrequest_with_a_session_of_its_own",
    "the session was ended by another request: it comes back": "saving.Refused.test_reach_the_exception_views_of_the_application",
    "parallel requests write different keys: one is lost": "contract.Contract.test_parallel_requests_write_different_keys",
    "Redis fails: an exception": "saving.Unavailable.test_gives_exception_views_an_empty_session_that_cannot_be_written",
}


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
        works = {name for heading in SETTINGS_SECTIONS for row in rows_of(heading) for name in code_in(row["here"])} & set(READERS)
        own = {"address", "api_token", "api_token_file", "cache_bytes", "call_timeout", "client", "codec", "transport"}
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
