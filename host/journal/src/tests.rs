//! Tests that go through the whole journal.
