"""A session object as a dictionary."""

from __future__ import annotations

from pyramid_world import SessionTest, living


class Dictionary(SessionTest):
    def test_reads(self) -> None:
        session = self.saved(a=1, b=2)
        self.assertEqual(session["a"], 1)
        self.assertEqual(session.get("a"), 1)
        self.assertIsNone(session.get("c"))
        self.assertEqual(session.get("c", 3), 3)
        self.assertIn("a", session)
        self.assertNotIn("c", session)
        self.assertTrue(session.has_key("a"))
        self.assertEqual(sorted(session), ["a", "b"])
        for keys in (session.keys(), session.iterkeys()):
            self.assertEqual(sorted(keys), ["a", "b"])
        for values in (session.values(), session.itervalues()):
            self.assertEqual(sorted(values), [1, 2])
        for items in (session.items(), session.iteritems()):
            self.assertEqual(sorted(items), [("a", 1), ("b", 2)])
        self.assertEqual(len(session), 2)
        self.assertEqual(session, {"a": 1, "b": 2})
        self.assertEqual(session.managed_dict, {"a": 1, "b": 2})
        with self.assertRaises(KeyError):
            session["c"]

    def test_writes(self) -> None:
        session = self.saved(a=1, b=2, c=3)
        del session["a"]
        with self.assertRaises(KeyError):
            del session["a"]
        session.update({"d": 4}, e=5)
        self.assertEqual(session.setdefault("d", 0), 4)
        self.assertEqual(session.setdefault("f", 6), 6)
        self.assertIsNone(session.setdefault("g"))
        self.assertEqual(session.pop("b"), 2)
        self.assertEqual(self.reopened(session), {"c": 3, "d": 4, "e": 5, "f": 6, "g": None})

    def test_pop_without_a_default_returns_none_for_a_missing_key(self) -> None:
        self.assertIsNone(self.session.pop("a"))
        self.assertEqual(self.session.pop("a", 7), 7)

    def test_setdefault_does_not_replace_what_a_parallel_request_has_stored(self) -> None:
        first = self.saved(a=1)
        second = self.opened(first.loaded.token)
        first.setdefault("b", "first")
        second.setdefault("b", "second")
        first.save()
        self.assertEqual(self.reopened(second)["b"], "first")

    def test_a_key_that_is_set_and_removed_stores_nothing(self) -> None:
        before = living()
        self.session["a"] = 1
        del self.session["a"]
        self.session.save()
        self.assertEqual(living(), before)

    def test_popitem_removes_an_item(self) -> None:
        session = self.saved(a=1)
        self.assertEqual(session.popitem(), ("a", 1))
        with self.assertRaises(KeyError):
            session.popitem()
        self.assertEqual(self.reopened(session), {})

    def test_a_copy_is_a_dictionary_of_its_own(self) -> None:
        session = self.saved(a=1)
        copy = session.copy()
        copy["b"] = 2
        self.assertIs(type(copy), dict)
        self.assertEqual(session, {"a": 1})

    def test_clear_removes_keys_messages_and_the_csrf_token(self) -> None:
        session = self.saved(a=1)
        token = session.get_csrf_token()
        session.flash("stored")
        session.flash("stored", "errors")
        later = self.reopened(session)
        later.flash("pending")
        later.clear()
        for cleared in (later, self.reopened(later)):
            self.assertEqual(cleared, {})
            self.assertEqual(cleared.peek_flash(), [])
            self.assertEqual(cleared.peek_flash("errors"), [])
            self.assertFalse(cleared.check_csrf_token(token))
            self.assertIs(cleared.new, False)

    def test_rejects_keys_and_values_that_cannot_be_stored_when_they_are_set(self) -> None:
        with self.assertRaises(TypeError):
            self.session[1] = "a"  # type: ignore[index]
        with self.assertRaises(ValueError):
            self.session["a\nb"] = 1
        with self.assertRaises(TypeError):
            self.session["a"] = object()
        self.session["b"] = 1
        self.assertEqual(self.reopened(self.session), {"b": 1})

    def test_its_representation_contains_no_value_and_no_token(self) -> None:
        session = self.saved(password="hunter2")
        self.assertNotIn("hunter2", repr(session))
        self.assertNotIn(str(session.loaded.token), repr(session))
