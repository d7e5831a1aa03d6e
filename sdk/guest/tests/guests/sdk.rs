//! What an author's plugin gets from the SDK, seen from the host.

use candor_sandbox::model::{Cause, Denied, Wake};
use candor_sandbox::{Capability, Failure};

use crate::support::{World, collector, focused, settings_refused, written};

const SENSORS: [Capability; 4] =
    [Capability::Windows, Capability::Activity, Capability::Screen, Capability::Pixels];

#[tokio::test]
async fn a_panic_reaches_the_plugins_log_with_message_and_place() {
    let file = |line: &str, message: &str| {
        line.starts_with("Error panicked at ") && line.contains("lib.rs:") && line.ends_with(message)
    };
    for (deed, message) in [("panic", ": on purpose, call 1"), ("index", "abc`")] {
        let settings = format!(r#"{{"deed": "{deed}"}}"#);
        let mut author = collector("candor_sdk_author", &SENSORS, &settings, &World::new()).await.unwrap();
        let outcome = author.woken(Cause::Started).await;
        assert!(matches!(outcome, Err(Failure::Trapped(_))), "{deed}: {outcome:?}");
        let log = written(&author.log());
        assert!(log.len() == 1 && (file(&log[0], message) || deed == "index"), "{deed}: {log:?}");
        assert!(log[0].starts_with("Error panicked at "), "{deed}: {log:?}");
        // A fresh instance, configured again: it counts from the start.
        assert!(matches!(author.woken(Cause::Started).await, Err(Failure::Trapped(_))));
        assert_eq!(written(&author.log()), [log[0].clone(), log[0].clone()], "{deed}");
    }
}

#[tokio::test]
async fn an_error_is_told_in_words_and_keeps_the_instance() {
    let settings = r#"{"deed": "error"}"#;
    let mut author = collector("candor_sdk_author", &SENSORS, settings, &World::new()).await.unwrap();
    for _ in 0..2 {
        let outcome = author.woken(Cause::Started).await;
        assert_eq!(outcome, Err(Failure::Rejected("invalid digit found in string".into())));
    }
}

#[tokio::test]
async fn bad_settings_are_refused_with_their_place() {
    for (settings, place, reason) in [
        ("", "", "Missing field `deed`."),
        (
            r#"{"deed": "sing"}"#,
            "/deed",
            "Unknown variant `sing`, expected one of `panic`, `index`, `error`, `wakes`, `base`, `sensors`.",
        ),
        (r#"{"deed": "base", "size": 101}"#, "/size", "At most 100."),
        (r#"{"deed": "base", "size": 300}"#, "/size", "Invalid value: integer `300`, expected u8."),
    ] {
        let refused =
            settings_refused(collector("candor_sdk_author", &SENSORS, settings, &World::new()).await);
        assert_eq!(refused, [(place.to_owned(), reason.to_owned())], "{settings}");
    }
}

#[tokio::test]
async fn causes_and_wakes_cross_as_they_are() {
    let settings = r#"{"deed": "wakes"}"#;
    let mut author = collector("candor_sdk_author", &SENSORS, settings, &World::new()).await.unwrap();
    for (cause, at) in [
        (Cause::Started, 1),
        (Cause::WindowChanged, 2),
        (Cause::Every(1_500), 1_503),
        (Cause::At(77), 77),
        (Cause::Minute(60_000), 60_000),
        (Cause::Segment(600_000), 600_000),
        (Cause::RandomInSegment(1_200_000), 1_200_000),
    ] {
        assert_eq!(
            author.woken(cause).await.unwrap(),
            [
                Wake::At(at),
                Wake::Every(1_500),
                Wake::OnWindowChange,
                Wake::OnMinute,
                Wake::OnSegment,
                Wake::AtRandomInSegment
            ],
            "{cause:?}"
        );
    }
}

#[tokio::test]
async fn log_store_clock_and_random_work() {
    let settings = r#"{"deed": "base"}"#;
    let mut author = collector("candor_sdk_author", &SENSORS, settings, &World::new()).await.unwrap();
    assert_eq!(author.woken(Cause::Started).await, Ok(vec![]));
    assert_eq!(
        written(&author.log()),
        [r#"Warn ["a"] Some("one") None Err("a key is 1 to 128 bytes long")"#, "Debug true 7"]
    );
}

#[tokio::test]
async fn every_sensor_and_observation_works() {
    let world = World::new();
    world.show(vec![focused(7, "xterm", "not chosen")]);
    let settings = r#"{"deed": "sensors"}"#;
    let mut author = collector("candor_sdk_author", &SENSORS, settings, &world).await.unwrap();
    assert_eq!(author.woken(Cause::Started).await, Ok(vec![]));
    assert_eq!(
        world.noted(),
        [
            r#"focus Some("xterm") None None"#,
            "activity 60000",
            "snapshot ActiveMonitor Half",
            r#"mood ["fine"]"#
        ]
    );
    assert_eq!(
        written(&author.log()),
        [r#"Info 2x1 of 4x2 with 3 covered, Err("the area is empty or not inside the frame")"#]
    );
    for (denied, words) in [
        (Denied::Skipped(vec![1]), "a privacy rule says that nothing of this may be recorded"),
        (Denied::RuleFailed, "the privacy rules could not judge it, so nothing is recorded"),
        (Denied::Unsettled, "windows kept moving; ask again"),
        (Denied::Unavailable("gone".into()), "the sensor cannot be read: gone"),
        (Denied::NotTracking, "nothing is being tracked at the moment"),
    ] {
        world.deny(Some(denied));
        assert_eq!(author.woken(Cause::Started).await, Err(Failure::Rejected(words.into())));
    }
}
