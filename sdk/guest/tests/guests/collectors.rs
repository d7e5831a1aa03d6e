//! The first-party collectors, and the example that uses no SDK.

use candor_sandbox::Capability;
use candor_sandbox::model::{Cause, Denied, Wake};

use crate::support::{World, collector, focused, settings_refused, written};

#[tokio::test]
async fn screenshots_takes_one_picture_at_the_random_moment() {
    let world = World::new();
    let granted = [Capability::Screen];
    let settings = r#"{"scope": "active-monitor", "size": "half"}"#;
    let mut plugin = collector("candor_collector_screenshots", &granted, settings, &world).await.unwrap();
    assert_eq!(plugin.woken(Cause::Started).await, Ok(vec![Wake::AtRandomInSegment]));
    assert!(world.noted().is_empty());
    assert_eq!(plugin.woken(Cause::RandomInSegment(0)).await, Ok(vec![Wake::AtRandomInSegment]));
    assert_eq!(world.noted(), ["snapshot ActiveMonitor Half"]);
}

#[tokio::test]
async fn screenshots_says_why_there_is_no_picture() {
    let world = World::new();
    let mut plugin =
        collector("candor_collector_screenshots", &[Capability::Screen], "", &world).await.unwrap();
    for (denied, noted) in [
        (Some(Denied::Skipped(vec![2])), vec!["no snapshot: Skipped([2])"]),
        (Some(Denied::RuleFailed), vec!["no snapshot: RuleFailed"]),
        (Some(Denied::Unsettled), vec!["no snapshot: Unsettled"]),
        (Some(Denied::Unavailable("x".into())), vec!["no snapshot: Unavailable(\"x\")"]),
        (Some(Denied::NotTracking), vec![]),
        (None, vec!["snapshot Desktop Full"]),
    ] {
        world.deny(denied);
        assert_eq!(plugin.woken(Cause::RandomInSegment(0)).await, Ok(vec![Wake::AtRandomInSegment]));
        assert_eq!(world.noted(), noted);
    }
}

#[tokio::test]
async fn activity_notes_each_minute_that_was_counted() {
    for (counted, denied, expected) in [
        (true, None, vec!["activity 120000"]),
        (false, None, vec![]),
        (true, Some(Denied::NotTracking), vec![]),
    ] {
        let world = std::sync::Arc::new(World { counted, ..World::default() });
        world.deny(denied);
        let granted = [Capability::Activity];
        let mut plugin = collector("candor_collector_activity", &granted, "null", &world).await.unwrap();
        assert_eq!(plugin.woken(Cause::Started).await, Ok(vec![Wake::OnMinute]));
        assert_eq!(plugin.woken(Cause::Minute(120_000)).await, Ok(vec![Wake::OnMinute]));
        assert_eq!(world.noted(), expected);
    }
    let granted = [Capability::Activity];
    let refused = collector("candor_collector_activity", &granted, r#"{"a": 1}"#, &World::new()).await;
    assert_eq!(settings_refused(refused)[0].0, "/a");
}

#[tokio::test]
async fn windows_notes_the_focused_window_when_it_changes_and_not_otherwise() {
    let world = World::new();
    world.show(vec![focused(1, "xterm", "notes")]);
    let mut plugin =
        collector("candor_collector_windows", &[Capability::Windows], "{}", &world).await.unwrap();
    let notes = r#"focus Some("xterm") Some("notes") None"#;
    let mail = r#"focus Some("mail") Some("inbox") None"#;
    let xterm = vec![focused(1, "xterm", "notes")];
    let same_words = vec![focused(9, "xterm", "notes")];
    let two = vec![focused(2, "mail", "inbox")];
    let mut unfocused = two.clone();
    unfocused[0].focused = false;
    for (step, cause, windows, denied, expected) in [
        ("the first", Cause::Started, &xterm, None, vec![notes]),
        ("unchanged", Cause::WindowChanged, &xterm, None, vec![]),
        ("another window that reads the same", Cause::WindowChanged, &same_words, None, vec![]),
        ("another", Cause::WindowChanged, &two, None, vec![mail]),
        ("none has the keyboard", Cause::WindowChanged, &unfocused, None, vec![]),
        ("back", Cause::WindowChanged, &two, None, vec![]),
        ("hidden by a rule", Cause::WindowChanged, &two, Some(Denied::Skipped(vec![0])), vec![]),
        ("shown again", Cause::WindowChanged, &two, None, vec![mail]),
        ("tracking begins again", Cause::Started, &two, None, vec![mail]),
    ] {
        world.show(windows.clone());
        world.deny(denied);
        assert_eq!(plugin.woken(cause).await, Ok(vec![Wake::OnWindowChange, Wake::OnSegment]), "{step}");
        assert_eq!(world.noted(), expected, "{step}");
    }
}

#[tokio::test]
async fn windows_records_only_the_facts_that_the_settings_name() {
    let world = World::new();
    world.show(vec![focused(1, "xterm", "notes")]);
    let settings = r#"{"facts": ["app"]}"#;
    let mut plugin =
        collector("candor_collector_windows", &[Capability::Windows], settings, &world).await.unwrap();
    plugin.woken(Cause::Started).await.unwrap();
    world.show(vec![focused(1, "xterm", "another title")]);
    plugin.woken(Cause::WindowChanged).await.unwrap();
    assert_eq!(world.noted(), [r#"focus Some("xterm") None None"#]);
}

#[tokio::test]
async fn a_collector_in_rust_without_the_sdk_loads_and_runs() {
    let world = World::new();
    let guest = "candor_example_collector_rust_raw";
    let mut plugin = collector(guest, &[], "30", &world).await.unwrap();
    assert_eq!(plugin.woken(Cause::Started).await, Ok(vec![Wake::Every(30_000)]));
    assert_eq!(plugin.woken(Cause::Every(30_000)).await, Ok(vec![Wake::Every(30_000)]));
    let noted = world.noted();
    assert!(noted.len() == 1 && noted[0].starts_with(r#"heartbeat {"uptime-ms":"#), "{noted:?}");
    assert_eq!(written(&plugin.log()), ["Info a heartbeat every 30 s"]);
    let refused = settings_refused(collector(guest, &[], "often", &world).await);
    assert_eq!(refused[0].0, "");
    assert!(refused[0].1.contains("from 1 to 86400"), "{refused:?}");
}
