//! Collectors that fail in every way, and what they may note.

use std::sync::Arc;
use std::time::Duration;

use candor_sandbox::model::{Cause, Denied, Wake};
use candor_sandbox::{Failure, Limits};

use crate::support::{World, brief, collector, patient};

/// What the hostile collector reports of its deed.
async fn reports(deed: &str, world: &Arc<World>) -> String {
    match collector(deed, patient(), world).await.unwrap().woken(Cause::Started).await {
        Err(Failure::Rejected(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_collector_asks_for_its_wakes() {
    let mut good = collector("", patient(), &World::new()).await.unwrap();
    assert_eq!(good.woken(Cause::Started).await.unwrap(), [Wake::OnMinute, Wake::Every(1_000)]);
}

#[tokio::test]
async fn invariant_03_and_13_each_failure_is_told_apart() {
    let table = [
        ("loop", "TimedOut"),
        ("trap", "Trapped"),
        ("memory", "OutOfMemory"),
        ("seventeen wakes", "Misbehaved"),
        ("every 10 ms", "Misbehaved"),
        ("error", "Rejected(\"the disc is missing\")"),
    ];
    for (deed, expected) in table {
        // Only the endless loop is about time.
        let limits = if deed == "loop" { brief() } else { patient() };
        let failure = collector(deed, limits, &World::new()).await.unwrap().woken(Cause::Started).await;
        let told = format!("{:?}", failure.unwrap_err());
        assert!(told.starts_with(expected), "{deed}: {told}");
    }
}

#[tokio::test]
async fn a_collector_that_waits_in_the_host_is_timed_out_too() {
    let world = Arc::new(World { stuck: true, ..World::default() });
    let mut waiting = collector("picture", brief(), &world).await.unwrap();
    assert_eq!(waiting.woken(Cause::Started).await, Err(Failure::TimedOut));
}

#[tokio::test]
async fn after_a_trap_the_next_call_meets_a_fresh_instance() {
    let mut once = collector("trap once", patient(), &World::new()).await.unwrap();
    assert!(matches!(once.woken(Cause::Started).await, Err(Failure::Trapped(_))));
    assert!(!once.is_alive());
    // Its first call: nothing is left of the instance before.
    assert_eq!(once.woken(Cause::Started).await, Err(Failure::Rejected("1".into())));
    assert_eq!(once.woken(Cause::Started).await, Err(Failure::Rejected("2".into())));
    assert!(once.log().iter().any(|line| line.by_host && line.text.starts_with("it trapped")));
}

#[tokio::test]
async fn an_error_of_its_own_keeps_the_instance() {
    let mut counting = collector("count", patient(), &World::new()).await.unwrap();
    for n in 1..=20 {
        assert_eq!(counting.woken(Cause::Started).await, Err(Failure::Rejected(n.to_string())));
    }
}

#[tokio::test]
async fn who_fails_again_and_again_is_quarantined() {
    let mut failing = collector("trap", patient(), &World::new()).await.unwrap();
    for _ in 0..4 {
        assert!(matches!(failing.woken(Cause::Started).await, Err(Failure::Trapped(_))));
    }
    for _ in 0..2 {
        assert_eq!(failing.woken(Cause::Started).await, Err(Failure::Quarantined));
    }
}

#[tokio::test]
async fn a_call_that_its_caller_gives_up_costs_the_instance_and_no_restart() {
    let mut waiting = {
        let world = Arc::new(World { stuck: true, ..World::default() });
        collector("picture", patient(), &world).await.unwrap()
    };
    for _ in 0..8 {
        let given_up = tokio::time::timeout(Duration::from_millis(20), waiting.woken(Cause::Started)).await;
        assert!(given_up.is_err());
    }
}

/// One thread for all: the loop has to yield, or nothing else would run.
#[tokio::test(flavor = "current_thread")]
async fn invariant_13_an_endless_loop_does_not_hold_up_another_plugin() {
    let world = World::new();
    let mut endless = collector("loop", patient(), &world).await.unwrap();
    let mut good = collector("", patient(), &world).await.unwrap();
    let endless = tokio::spawn(async move { endless.woken(Cause::Started).await });
    for _ in 0..20 {
        // Lets the loop have the thread: it must give it back.
        tokio::task::yield_now().await;
        good.woken(Cause::Started).await.unwrap();
    }
    assert!(!endless.is_finished());
    endless.abort();
}

#[tokio::test]
async fn invariant_13_a_flood_of_lines_leaves_a_bounded_log() {
    let mut flooding = collector("log flood", patient(), &World::new()).await.unwrap();
    flooding.woken(Cause::Started).await.unwrap();
    let limits = Limits::default();
    let log = flooding.log();
    assert!(log.len() <= limits.log_lines, "{}", log.len());
    assert!(log.iter().all(|line| line.text.len() <= limits.log_line));
    assert!(log.iter().any(|line| line.by_host && line.text.contains("lines were dropped")), "{log:?}");
}

#[tokio::test]
async fn invariant_13_a_flood_of_observations_is_cut() {
    let world = World::new();
    assert_eq!(reports("note flood", &world).await, "120 taken");
    assert_eq!(world.notes().len(), 120);
}

#[tokio::test]
async fn invariant_13_a_flood_of_its_own_costs_a_plugin_no_counts() {
    let world = World::new();
    let told = reports("counts after a flood", &world).await;
    assert_eq!(told, "120 taken; taken", "counts are evidence of time");
}

#[tokio::test]
async fn invariant_13_a_long_error_is_cut() {
    assert_eq!(reports("long error", &World::new()).await.len(), Limits::default().text);
}

#[tokio::test]
async fn at_most_two_frames_are_held() {
    assert_eq!(reports("frames", &World::new()).await, "held 2, then Denied::TooMany");
}

#[tokio::test]
async fn a_picture_is_noted_as_the_host_took_it() {
    let world = World::new();
    assert_eq!(reports("picture", &world).await, "4x2 taken");
    assert_eq!(reports("camera", &world).await, "taken");
    assert_eq!(world.notes(), ["snapshot 4x2 Half", "camera Full"]);
}

#[tokio::test]
async fn why_there_is_no_picture_is_what_capture_said_last() {
    let world = Arc::new(World { denied: Some(Denied::Skipped(vec![3])), ..World::default() });
    let told = reports("no picture", &world).await;
    assert_eq!(told, "NoteError::Unknown; Err(Denied::Skipped([3])); taken");
    assert_eq!(world.notes(), ["no snapshot: Skipped([3])"]);
}

#[tokio::test]
async fn the_focused_window_is_one_that_the_host_showed_with_the_facts_chosen() {
    let world = World::new();
    let told = reports("focus", &world).await;
    assert_eq!(told, "NoteError::Unknown; [7]; taken; NoteError::Unknown");
    assert_eq!(world.notes(), ["focus Some(\"xterm\") None at 5000"]);
}

#[tokio::test]
async fn activity_is_named_by_its_minute() {
    let world = World::new();
    assert_eq!(reports("activity", &world).await, "Ok(Some(42)) taken");
    assert_eq!(world.notes(), ["activity 60000"]);
}

#[tokio::test]
async fn an_observation_of_its_own_making_is_checked_for_form() {
    let told = reports("custom", &World::new()).await;
    let parts: Vec<_> = told.split("; ").collect();
    assert_eq!(parts[0], "taken");
    for part in &parts[1..] {
        assert!(part.starts_with("NoteError::Malformed"), "{part}");
    }
    assert_eq!(parts.len(), 4);
}

#[tokio::test]
async fn the_store_has_a_quota_and_short_keys() {
    let told = reports("store", &World::new()).await;
    assert_eq!(
        told,
        "Err(StoreError::Full(65536)) Ok(()) Ok(()) Err(StoreError::Full(65536)) Err(StoreError::BadKey) \
         Err(StoreError::BadKey) Ok([\"big\"]) Ok(())"
    );
}

#[tokio::test]
async fn clock_and_random_are_there() {
    assert_eq!(reports("clock", &World::new()).await, "true 4096");
}
